/** The addresses of this machine, loopback included. */
import { networkInterfaces } from 'node:os';

/** The active interfaces, by name. Null if the system does not say. */
export function ownInterfaces(): ReturnType<typeof networkInterfaces> | null {
  try {
    return networkInterfaces();
  } catch {
    // Android and some sandboxes forbid this call.
    return null;
  }
}

/** Only of active interfaces. Null if the system does not say. */
export function ownAddresses(): readonly string[] | null {
  const all = ownInterfaces();
  return all && Object.values(all).flatMap((list) => (list ?? []).map(({ address }) => address));
}
