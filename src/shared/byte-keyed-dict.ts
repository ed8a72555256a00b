/**
 * Writes dictionaries whose keys are any bytes, such as names of files or hashes (BEP 52). The package `bencode` writes keys of
 * text only, and sorts them as UTF-16.
 */
import bencode from 'bencode';
import type { BencodeValue } from './bencode.ts';
import { bytesOfName } from './byte-name.ts';

/** A key stands for bytes as in `byte-name.ts`. */
export type ByteKeyedDict = Map<string, BencodeValue | ByteKeyedDict>;

/** With keys sorted as raw strings (BEP 3). */
export function encodeByteKeyed(dict: ByteKeyedDict): Uint8Array {
  const entries = [...dict].map(([key, value]) => ({ key: bytesOfName(key), value }));
  entries.sort((a, b) => Buffer.compare(a.key, b.key));
  const parts = entries.flatMap(({ key, value }) => [
    bencode.encode(key),
    value instanceof Map ? encodeByteKeyed(value) : bencode.encode(value),
  ]);
  return Buffer.concat([Buffer.from('d'), ...parts, Buffer.from('e')]);
}
