/** The keys of Message Stream Encryption: Diffie-Hellman with a 768-bit prime, and the hashes of the shared secret. */
import { createHash } from 'node:crypto';
import { Rc4 } from './rc4.ts';

export const KEY_BYTES = 96;
/** Random bytes after a key, so that the length does not reveal the protocol. */
export const MAX_PAD_BYTES = 512;
/** Eight zeros that show each side that the other has the keys. */
export const VERIFICATION = Buffer.alloc(8);

/** Bits of crypto_provide and crypto_select. */
export const METHOD = { plain: 1, rc4: 2 } as const;

// The prime and the generator of the protocol.
const PRIME = BigInt(
  '0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74' +
    '020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437' +
    '4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563',
);
const GENERATOR = 2n;
/** The length that the protocol recommends: a longer key costs time and adds nothing to such a weak cipher. */
const PRIVATE_KEY_BYTES = 20;

/** That many bytes that nobody can guess. */
export type RandomBytes = (count: number) => Buffer;

export interface Keys {
  readonly publicKey: Buffer;
  /** The shared secret, 96 bytes. Throws RangeError if the other side's key is not valid. */
  secret(theirs: Uint8Array): Buffer;
}

/** Plain arithmetic: Node's DiffieHellman verifies the prime again for each key pair, which takes 35 ms. */
export function newKeys(randomBytes: RandomBytes): Keys {
  const privateKey = BigInt(`0x${randomBytes(PRIVATE_KEY_BYTES).toString('hex')}`);
  return {
    publicKey: bytesOf(power(GENERATOR, privateKey)),
    secret: (theirs) => {
      const key = BigInt(`0x${Buffer.from(theirs).toString('hex')}`);
      if (key <= 1n || key >= PRIME - 1n) throw new RangeError('not a key');
      return bytesOf(power(key, privateKey));
    },
  };
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}

function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * KEY_BYTES, '0'), 'hex');
}

export function pad(randomBytes: RandomBytes): Buffer {
  return randomBytes(randomBytes(2).readUInt16BE() % (MAX_PAD_BYTES + 1));
}

export function hash(...parts: readonly (string | Uint8Array)[]): Buffer {
  const sha1 = createHash('sha1');
  for (const part of parts) sha1.update(part);
  return sha1.digest();
}

/** The cipher of the side that opened the connection (`A`), or of the side that accepted it (`B`). */
export function cipherOf(side: 'A' | 'B', secret: Uint8Array, infoHash: Uint8Array): Rc4 {
  return new Rc4(hash(`key${side}`, secret, infoHash));
}

export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] as number)));
}
