/** A plain file that is wrong as a whole: which pieces are fetched again, who is named, and what the next run may know. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WholeCheck } from '../../src/main/storage/whole-check.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { HttpError } from '../../src/shared/http-visitor.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { SAMPLED_PLAIN_PIECES } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { dice, drawnBytes } from '../support/dice.ts';

const PIECE = 16_384;
const PIECES = 40;
const G = geometry(PIECES * PIECE - 5, PIECE);
const draw = drawnBytes(dice(1));
const RIGHT = Buffer.from(draw(G.contentLength));
const OTHER = Buffer.from(draw(G.contentLength));
const folder = temporaryFolder();
const A = { id: 'aa', name: 'node-a' };
const B = { id: 'bb', name: 'node-b' };

const partOf = (bytes: Buffer, piece: number): Buffer => bytes.subarray(piece * PIECE, (piece + 1) * PIECE);
const sha1 = (bytes: Buffer): Buffer => createHash('sha1').update(bytes).digest();
const sha256 = createHash('sha256').update(RIGHT).digest('hex');

let made = 0;

/** A third of the pieces is this node's own, a third was said by each of two others. `lies`: pieces that came wrong, as their hashes said. */
function begin(lies: readonly number[], source: Buffer | null = RIGHT, files = SYSTEM_FILES) {
  const path = join(folder, String(made++));
  const bytes = Buffer.from(RIGHT);
  const hashes = new LearnedHashes(PIECES, true);
  for (let at = 0; at < PIECES; at++) {
    if (lies.includes(at)) partOf(OTHER, at).copy(bytes, at * PIECE);
    const hash = sha1(partOf(bytes, at));
    if (at % 3 === 0) hashes.make(at as PieceIndex, hash);
    else hashes.learn(at as PieceIndex, hash, at % 3 === 1 ? A : B);
  }
  writeFileSync(path, bytes);
  const [fetched, news, accused]: [number[], string[], string[]] = [[], [], []];
  let saves = 0;
  let isOver = false;
  hashes.onWrong(({ name }) => accused.push(name));
  const check = new WholeCheck({
    ...{ sha256, path, geometry: G, hashes, files },
    record: {
      saveOwn: async () => {
        saves += 1;
      },
    },
    parts: {
      fetch: async (from, to) => {
        assert.equal(saves, 1, 'a run that is killed now must not leave the word of others');
        if (source === null) throw new HttpError('HTTP status 403');
        fetched.push(from / PIECE);
        return source.subarray(from, to);
      },
    },
    open: (flags) => openSync(path, flags),
    isOver: () => isOver,
    onNews: (text) => news.push(text),
  });
  const end = (): void => {
    isOver = true;
  };
  return { path, bytes, hashes, check, fetched, news, accused, end, saves: () => saves };
}

test('a file that is right is looked at once, and nothing is fetched', async () => {
  const { check, fetched, saves } = begin([]);
  assert.equal(await check.run(), true);
  assert.deepEqual([check.kept, fetched, saves()], ['all', [], 0]);
});

test('a node that lied about all is found by a few pieces; its pieces are replaced, and the others stay', async () => {
  const lies = Array.from({ length: PIECES }, (_, at) => at).filter((at) => at % 3 === 1);
  const { path, check, fetched, hashes, news, accused } = begin(lies);
  assert.equal(await check.run(), true);
  assert.equal(Buffer.compare(readFileSync(path), RIGHT), 0);
  // One of its own shows that the source is the same.
  assert.equal(fetched.length, 1 + lies.length + SAMPLED_PLAIN_PIECES);
  assert.equal(new Set(fetched).size, fetched.length);
  assert.deepEqual([new Set(accused), accused.length], [new Set(['node-a']), lies.length]);
  assert.ok(lies.every((at) => hashes.isOwn(at as PieceIndex)));
  assert.match(
    news.at(-1) ?? '',
    /its SHA-256 is right now; by what the source sends here, node-a said 13 wrong hashes$/,
  );
  assert.equal(check.kept, 'all');
});

test('one lie that no sample shows is found when all suspect pieces are fetched; a disputed piece comes first', async () => {
  const first = begin([5]);
  assert.equal(await first.check.run(), true);
  assert.equal(Buffer.compare(readFileSync(first.path), RIGHT), 0);
  assert.deepEqual(first.accused, ['node-b']);
  const second = begin([5]);
  second.hashes.dispute(5 as PieceIndex, sha1(partOf(RIGHT, 5)), A);
  assert.equal(await second.check.run(), true);
  assert.ok(
    second.fetched.length < first.fetched.length,
    `${second.fetched.length}, ${first.fetched.length}`,
  );
});

test('what changed on the disk is fetched again, and nobody is blamed', async () => {
  const { path, bytes, check, fetched, accused } = begin([]);
  bytes.fill(1, 6 * PIECE + 10, 8 * PIECE);
  writeFileSync(path, bytes);
  assert.equal(await check.run(), true);
  assert.equal(Buffer.compare(readFileSync(path), RIGHT), 0);
  assert.ok([6, 7].every((at) => fetched.includes(at)));
  assert.deepEqual(accused, []);
});

test('a disk that does not keep what is written: it is named, and not the URL', async () => {
  const write = async (_: number, bytes: Uint8Array): Promise<number> => bytes.length;
  const { check, hashes } = begin([4, 5], RIGHT, { ...SYSTEM_FILES, slow: { ...SYSTEM_FILES.slow, write } });
  await assert.rejects(check.run(), {
    code: 'bad-data',
    message:
      /; 2 pieces on the disk are not what was written there: check the disk; by what the source sends here, node-a said 1 wrong hash, node-b said 1 wrong hash$/,
  });
  assert.deepEqual([check.kept, hashes.isOwn(4 as PieceIndex)], ['own', true]);
});

test('the source gives nothing: the error names who said how many, and the next run fetches only these', async () => {
  const { check } = begin([4], null);
  await assert.rejects(check.run(), {
    code: 'bad-data',
    message:
      /its SHA-256 is \w+, and --sha256 says \w+; the hashes of 26 pieces are the word of others \(node-a: 13, node-b: 13\) and cannot be checked, because the source gives nothing: HTTP status 403; the next run fetches only these again$/,
  });
  assert.equal(check.kept, 'own');
});

test('the source sends another version than before: nobody is blamed', async () => {
  const { check, accused } = begin([4], OTHER);
  await assert.rejects(check.run(), {
    code: 'bad-data',
    message: /the file at the URL changed during the download/,
  });
  assert.deepEqual([accused, check.kept], [[], 'nothing']);
});

test('everything came from the source and is wrong still: the URL has another file, and there is no second repair', async () => {
  const { bytes, hashes, check, fetched } = begin([], RIGHT);
  const wrong = new WholeCheck({
    ...{ sha256: 'f'.repeat(64), geometry: G, hashes, files: SYSTEM_FILES, record: null },
    path: join(folder, String(made - 1)),
    parts: {
      fetch: async (from, to) => {
        fetched.push(from);
        return bytes.subarray(from, to);
      },
    },
    open: (flags) => openSync(join(folder, String(made - 1)), flags),
    isOver: () => false,
    onNews: () => {},
  });
  await assert.rejects(wrong.run(), {
    code: 'bad-data',
    message: /; every piece came from the source itself, so the URL has another file$/,
  });
  assert.equal(wrong.kept, 'nothing');
  assert.equal(fetched.length, 1 + hashes.count - 14, 'each suspect piece once');
  assert.equal(await check.run(), true);
});

test('a run that ends during the repair is not done, and leaves only what this node knows itself', async () => {
  const { check, end, news } = begin([4]);
  const running = check.run();
  while (news.length === 0) await new Promise(setImmediate);
  end();
  assert.equal(await running, false);
  assert.equal(check.kept, 'own');
});
