/** Whether a file as a whole has the hash that the user gave. */
import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { Failure } from '../failure.ts';

const readPart = promisify(read);
/** Hashed at once, on the main thread: less than a millisecond. */
const PART_BYTES = 2 ** 20;

export interface WantedFile {
  /** In hexadecimal. */
  readonly sha256: string;
  readonly path: string;
  /** The answer is wanted no more. */
  isOver(): boolean;
}

/** False if it was given up before the end. Rejects with a `bad-data` failure if the file has another hash, or with the system's error. */
export async function isProved(descriptor: number, { sha256, path, isOver }: WantedFile): Promise<boolean> {
  const sum = createHash('sha256');
  const part = Buffer.allocUnsafe(PART_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await readPart(descriptor, part, 0, PART_BYTES, at);
    if (isOver()) return false;
    if (bytesRead === 0) break;
    sum.update(part.subarray(0, bytesRead));
    at += bytesRead;
  }
  const found = sum.digest('hex');
  if (found === sha256) return true;
  throw new Failure(
    'bad-data',
    `${path}: its SHA-256 is ${found}, and --sha256 says ${sha256}; the URL has another file, or a node has sent wrong hashes`,
  );
}
