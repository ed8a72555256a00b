/** Our identity for peers and trackers. */
import { randomBytes } from 'node:crypto';

export const VERSION = '0.1.0';
/** BEP 10 `v`, and with a slash the user agent for trackers. */
export const CLIENT_NAME = `unchoke ${VERSION}`;
/** The port that trackers get when we do not listen: some trackers refuse 0. */
export const NO_LISTENING_PORT = 1;

/** A new peer id for each run (BEP 20, Azureus style). */
export function newPeerId(): Uint8Array {
  const digits = VERSION.split('.').map((part) => part.slice(0, 1));
  const id = Buffer.alloc(20);
  id.write(`-UC${digits.join('')}0-`, 'latin1');
  randomBytes(12).copy(id, 8);
  return id;
}
