/** The addresses of this machine, loopback included. */
import { networkInterfaces } from 'node:os';

/** Only of active interfaces. Null if the system does not say. */
export function ownAddresses(): readonly string[] | null {
  try {
    return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  } catch {
    // Android and some sandboxes forbid this call.
    return null;
  }
}
