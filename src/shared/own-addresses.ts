/** The addresses of this machine, loopback included. */
import { networkInterfaces } from 'node:os';

/** Of interfaces that are up. Null where the system does not say. */
export function ownAddresses(): readonly string[] | null {
  try {
    return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  } catch {
    // Android and some sandboxes forbid the question.
    return null;
  }
}
