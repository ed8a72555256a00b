/** The keys of Message Stream Encryption: Diffie-Hellman over a 768-bit prime, and what is hashed from the shared secret. */
import { createDiffieHellman, createHash, randomBytes, randomInt } from 'node:crypto';
import { Rc4 } from './rc4.ts';

export const KEY_BYTES = 96;
/** Random bytes behind a key, so that no length gives the protocol away. */
export const MAX_PAD_BYTES = 512;
/** Eight zeros, by which each side sees that the other has the keys. */
export const VERIFICATION = Buffer.alloc(8);

/** Bits of crypto_provide and crypto_select. */
export const METHOD = { plain: 1, rc4: 2 } as const;

// The prime and the generator that the protocol names.
const PRIME = Buffer.from(
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74' +
    '020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437' +
    '4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563',
  'hex',
);
const GENERATOR = 2;

export interface Keys {
  readonly publicKey: Buffer;
  /** The shared secret, 96 bytes. Throws where the other's key is none. */
  secret(theirs: Uint8Array): Buffer;
}

export function newKeys(): Keys {
  const dh = createDiffieHellman(PRIME, GENERATOR);
  dh.generateKeys();
  return {
    publicKey: padded(dh.getPublicKey()),
    secret: (theirs) => padded(dh.computeSecret(theirs)),
  };
}

export function pad(): Buffer {
  return randomBytes(randomInt(MAX_PAD_BYTES + 1));
}

export function hash(...parts: readonly (string | Uint8Array)[]): Buffer {
  const sha1 = createHash('sha1');
  for (const part of parts) sha1.update(part);
  return sha1.digest();
}

/** The cipher of who opened the connection (`A`), or of who accepted it (`B`). */
export function cipherOf(side: 'A' | 'B', secret: Uint8Array, infoHash: Uint8Array): Rc4 {
  return new Rc4(hash(`key${side}`, secret, infoHash));
}

export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] as number)));
}

function padded(bytes: Buffer): Buffer {
  return bytes.length === KEY_BYTES ? bytes : Buffer.concat([Buffer.alloc(KEY_BYTES - bytes.length), bytes]);
}
