/**
 * A file name is bytes, and not always UTF-8. Here every name is a string: bytes that are not UTF-8 become the lone surrogates
 * U+DC80 to U+DCFF, one per byte (as in Python). No text contains these, so the bytes can be restored exactly. Joining,
 * comparing and JSON work as with any string. Only code that opens a file needs `diskPath`.
 */
import { isUtf8 } from 'node:buffer';

const ESCAPE = 0xdc00;
const ESCAPED = /[\udc80-\udcff]/gu;
const ANY_ESCAPED = /[\udc80-\udcff]/u;

/** The name for these bytes. */
export function nameOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  const parts: string[] = [];
  let clean = 0;
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer[at] ?? 0);
    if (length > 0 && at + length <= buffer.length && isUtf8(buffer.subarray(at, at + length))) {
      at += length;
      continue;
    }
    parts.push(buffer.toString('utf8', clean, at), String.fromCharCode(ESCAPE + (buffer[at] ?? 0)));
    at += 1;
    clean = at;
  }
  parts.push(buffer.toString('utf8', clean));
  return parts.join('');
}

/** The bytes of a name: the reverse of `nameOfBytes`. */
export function bytesOfName(name: string): Buffer {
  if (isUtf8Name(name)) return Buffer.from(name, 'utf8');
  const parts: Buffer[] = [];
  let clean = 0;
  for (const { index } of name.matchAll(ESCAPED)) {
    parts.push(Buffer.from(name.slice(clean, index), 'utf8'), Buffer.of(name.charCodeAt(index) - ESCAPE));
    clean = index + 1;
  }
  parts.push(Buffer.from(name.slice(clean), 'utf8'));
  return Buffer.concat(parts);
}

/** Length of a name in bytes on disk. */
export function lengthOfName(name: string): number {
  if (isUtf8Name(name)) return Buffer.byteLength(name);
  const text = name.replace(ESCAPED, '');
  return Buffer.byteLength(text) + name.length - text.length;
}

/** False if some bytes of the name are not UTF-8. */
export function isUtf8Name(name: string): boolean {
  return !ANY_ESCAPED.test(name);
}

/** A path for Node's file functions: they accept bytes that are not UTF-8 only in a Buffer. */
export function diskPath(path: string): string | Buffer {
  return isUtf8Name(path) ? path : bytesOfName(path);
}

/** Length of the UTF-8 sequence that begins with this byte; 0 if none does. */
export function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc0) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf8 ? 4 : 0;
}
