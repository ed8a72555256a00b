/**
 * RC4 as in Message Stream Encryption: the first KiB of the key stream is thrown away. It hides the protocol from middle boxes
 * and keeps no secret. OpenSSL 3 no longer has it, so we implement it.
 */
const DISCARDED_BYTES = 1_024;

export class Rc4 {
  readonly #s = new Uint8Array(256);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    const s = this.#s;
    for (let i = 0; i < 256; i++) s[i] = i;
    for (let i = 0, j = 0; i < 256; i++) {
      const kept = s[i] as number;
      j = (j + kept + (key[i % key.length] as number)) & 255;
      s[i] = s[j] as number;
      s[j] = kept;
    }
    this.apply(new Uint8Array(DISCARDED_BYTES), 0, DISCARDED_BYTES);
  }

  /** En- or decrypts `bytes[start, end)` in place. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    const s = this.#s;
    let i = this.#i;
    let j = this.#j;
    for (let at = start; at < end; at++) {
      i = (i + 1) & 255;
      const a = s[i] as number;
      j = (j + a) & 255;
      const b = s[j] as number;
      s[i] = b;
      s[j] = a;
      bytes[at] = (bytes[at] as number) ^ (s[(a + b) & 255] as number);
    }
    this.#i = i;
    this.#j = j;
  }

  /** An encrypted copy. */
  copy(bytes: Uint8Array): Buffer {
    const copied = Buffer.from(bytes);
    this.apply(copied, 0, copied.length);
    return copied;
  }
}
