/** Whether a file as a whole has the hash that the user gave. */
import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';

const readPart = promisify(read);
/** Hashed at once, on the main thread: less than a millisecond. */
const PART_BYTES = 2 ** 20;

/** SHA-256 in hexadecimal of what the descriptor has. Rejects with the error of the system. */
export async function sha256Of(descriptor: number, isOver: () => boolean): Promise<string> {
  const sum = createHash('sha256');
  const part = Buffer.allocUnsafe(PART_BYTES);
  for (let at = 0; !isOver(); ) {
    const { bytesRead } = await readPart(descriptor, part, 0, PART_BYTES, at);
    if (bytesRead === 0) break;
    sum.update(part.subarray(0, bytesRead));
    at += bytesRead;
  }
  return sum.digest('hex');
}
