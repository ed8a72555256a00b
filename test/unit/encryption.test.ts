/** Message Stream Encryption without a socket: the cipher, and both sides of the handshake against each other. */
import assert from 'node:assert/strict';
import { createDiffieHellman, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { METHOD, newKeys } from '../../src/workers/transport/encryption/key-exchange.ts';
import {
  MseInitiator,
  MseResponder,
  type MseStep,
  requestHashOf,
} from '../../src/workers/transport/encryption/mse-handshake.ts';
import { Rc4 } from '../../src/workers/transport/encryption/rc4.ts';

const INFO_HASH = Buffer.alloc(20, 0xcd);
const FIRST = Buffer.from('the handshake, which travels inside');
const BOTH = METHOD.plain | METHOD.rc4;

test('RC4 after its first KiB is that of openssl enc -rc4', () => {
  const cipher = new Rc4(Buffer.from('0123456789abcdef0123456789abcdef', 'hex'));
  assert.equal(cipher.copy(Buffer.alloc(16)).toString('hex'), '770b8e2d2ebea888e16e5a081374c2cb');
});

test('both sides get the same key, and an invalid key is refused', () => {
  const [a, b] = [newKeys(randomBytes), newKeys(randomBytes)];
  assert.deepEqual(a.secret(b.publicKey), b.secret(a.publicKey));
  // Node's own Diffie-Hellman over the same prime comes to the same secret.
  const theirs = createDiffieHellman(
    Buffer.from(
      'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563',
      'hex',
    ),
    2,
  );
  const publicKey = theirs.generateKeys();
  assert.deepEqual(a.secret(publicKey), theirs.computeSecret(a.publicKey));
  for (const bad of [
    Buffer.alloc(96),
    Buffer.alloc(96, 0xff),
    Buffer.concat([Buffer.alloc(95), Buffer.from([1])]),
  ])
    assert.throws(() => a.secret(bad), /not a key/);
});

/** The one torrent of the accepting side. */
const finds = (infoHash: Buffer) => (named: Uint8Array) =>
  requestHashOf(infoHash).equals(named) ? infoHash : null;

/** Runs both sides; `cut` splits every flight into parts of this many bytes. */
function run(ours: number, theirs: number, hashes: [Buffer, Buffer], cut: number) {
  const a = new MseInitiator(hashes[0], ours, FIRST, randomBytes);
  const b = new MseResponder(finds(hashes[1]), theirs, randomBytes);
  const ends: { a: MseStep | null; b: MseStep | null } = { a: null, b: null };
  const flights: ['a' | 'b', Buffer][] = [['b', a.begin()]];
  for (let flight = flights.shift(); flight !== undefined; flight = flights.shift()) {
    const [to, bytes] = flight;
    for (let at = 0; at < bytes.length; at += cut) {
      if (ends[to] !== null) break;
      const step = (to === 'a' ? a : b).push(bytes.subarray(at, at + cut));
      if (step.send !== null) flights.push([to === 'a' ? 'b' : 'a', step.send]);
      if (step.done !== null || step.failed) ends[to] = step;
    }
  }
  return ends;
}

for (const cut of [1, 7, 96, 100_000]) {
  for (const [ours, theirs, encrypted] of [
    [BOTH, BOTH, true],
    [METHOD.rc4, BOTH, true],
    [METHOD.plain, BOTH, false],
    [BOTH, METHOD.plain, false],
  ] as const) {
    test(`both sides agree on ${encrypted ? 'RC4' : 'plain'} (${ours} and ${theirs}, ${cut} bytes at a time)`, () => {
      const { a, b } = run(ours, theirs, [INFO_HASH, INFO_HASH], cut);
      assert.ok(a?.done && b?.done);
      assert.deepEqual(b.done.rest, FIRST, 'the first payload came along');
      assert.equal(a.done.ciphers.encrypt !== null, encrypted);
      const words = randomBytes(5_000);
      const there = a.done.ciphers.encrypt?.copy(words) ?? words;
      if (encrypted) assert.notDeepEqual(there, words);
      assert.deepEqual(b.done.ciphers.decrypt?.copy(there) ?? there, words);
      const back = b.done.ciphers.encrypt?.copy(words) ?? words;
      assert.deepEqual(a.done.ciphers.decrypt?.copy(back) ?? back, words);
    });
  }
}

test('no method in common, another torrent, and noise all fail', () => {
  assert.equal(run(METHOD.rc4, METHOD.plain, [INFO_HASH, INFO_HASH], 100).b?.failed, true);
  // A peer that wants another torrent is not detected before it has named it.
  const other = new MseResponder(finds(Buffer.alloc(20)), BOTH, randomBytes);
  const a = new MseInitiator(INFO_HASH, BOTH, FIRST, randomBytes);
  assert.equal(other.push(a.begin()).failed, false);
  assert.equal(other.push(randomBytes(1_000)).failed, true);
  assert.equal(new MseInitiator(INFO_HASH, BOTH, FIRST, randomBytes).push(randomBytes(1_000)).failed, true);
  assert.equal(new MseResponder(finds(INFO_HASH), BOTH, randomBytes).push(randomBytes(1_000)).failed, true);
});
