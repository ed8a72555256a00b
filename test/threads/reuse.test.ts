/** Taking known pieces with real storage threads and real files, which change or vanish after they were listed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SYSTEM_MAIN } from '../../src/main/main-world.ts';
import { StoragePool } from '../../src/main/pools/storage-pool.ts';
import { Reuse, type ReuseTarget, type Taken } from '../../src/main/storage/reuse/reuse.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { hashesOf, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { Arena } from '../../src/shared/arena.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { torrentId } from '../support/stored-torrents.ts';
import { madeTorrent } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;
const PIECES = 24;

/** A download that notes what it gets. */
class Target implements ReuseTarget {
  readonly found: PieceIndex[] = [];
  readonly claimed = new Set<PieceIndex>();
  looked: readonly [number, number] = [0, 0];
  over = false;
  /** Pieces that somebody else fetches. */
  readonly taken = new Set<number>();

  isMissing = (piece: PieceIndex): boolean => !this.found.includes(piece) && !this.claimed.has(piece);
  claim = (piece: PieceIndex): boolean => {
    if (this.taken.has(piece)) return false;
    this.claimed.add(piece);
    return true;
  };
  release = (piece: PieceIndex): void => void this.claimed.delete(piece);
  onTaken = ({ found }: Taken): void => {
    for (const { piece } of found) {
      this.claimed.delete(piece);
      this.found.push(piece);
    }
  };
  onLooked = (bytes: number, total: number): void => {
    this.looked = [bytes, total];
  };
  isOver = (): boolean => this.over;
}

let number = 0;

/** A torrent with one file `a`, an old copy of it under another name, and everything to take it from there. */
async function fixture(t: TestContext, name = 'a') {
  const place = join(folder, String(++number));
  const [old, output] = [join(place, 'old'), join(place, 'out')];
  mkdirSync(join(output, 'set'), { recursive: true });
  mkdirSync(old);
  const bytes = randomBytes(PIECES * PIECE);
  const source = join(old, name);
  writeFileSync(source, bytes);
  const metainfo = parseMetainfo(madeTorrent([{ path: 'a', bytes }], PIECE).torrent, 'made');
  const plan = storagePlan(metainfo, output);
  writeFileSync(join(output, 'set/a'), Buffer.alloc(bytes.length));
  const pool = new StoragePool({ threads: 2, openFiles: 8 });
  t.after(() => pool.close());
  const { geometry } = metainfo;
  const stored = pool.register(torrentId(number), {
    arena: Arena.allocate(geometry, 4 * PIECE),
    geometry,
    hashes: hashesOf(metainfo),
    files: plan.files,
    padding: [],
  });
  const reuse = new Reuse({ folders: [old], metainfo, plan, world: SYSTEM_MAIN });
  const target = new Target();
  const look = (): Promise<void> =>
    reuse.look(
      stored,
      [null],
      () => true,
      target.isOver,
      () => {},
    );
  const written = (): Buffer => readFileSync(join(output, 'set/a'));
  return { reuse, stored, target, look, source, bytes, written };
}

test('a source that is cut after it was listed gives what it still has; one that grew gives all', async (t) => {
  const { reuse, stored, target, look, source, bytes, written } = await fixture(t);
  await look();
  truncateSync(source, 10 * PIECE + 5);
  await reuse.take(stored, target);
  await reuse.recognize(stored, target);
  assert.deepEqual(
    [...target.found].sort((a, b) => a - b),
    [...Array(10).keys()],
  );
  assert.deepEqual([...target.claimed], [], 'what was not found is free for peers');
  assert.ok(
    written()
      .subarray(0, 10 * PIECE)
      .equals(bytes.subarray(0, 10 * PIECE)),
  );
  assert.ok(
    written()
      .subarray(10 * PIECE)
      .every((byte) => byte === 0),
    'nothing unverified is written',
  );
  writeFileSync(source, Buffer.concat([bytes, randomBytes(100)]));
  await reuse.take(stored, target);
  assert.equal(target.found.length, PIECES);
  assert.ok(written().equals(bytes));
});

test('a source that vanishes, or becomes a link or a folder, is no error', async (t) => {
  for (const change of ['gone', 'link', 'folder'] as const) {
    const { reuse, stored, target, look, source, bytes } = await fixture(t);
    await look();
    rmSync(source);
    if (change === 'link') {
      writeFileSync(`${source}-elsewhere`, bytes);
      symlinkSync(`${source}-elsewhere`, source);
    }
    if (change === 'folder') mkdirSync(source);
    await reuse.take(stored, target);
    assert.deepEqual([target.found, [...target.claimed]], [[], []], change);
  }
});

test('a piece that a peer is sending is left to it, also when it is found by hash', async (t) => {
  const { reuse, stored, target, look, source, bytes } = await fixture(t, 'other name');
  writeFileSync(source, Buffer.concat([randomBytes(PIECE), bytes]));
  await look();
  for (const piece of [3, 4]) target.taken.add(piece);
  await reuse.take(stored, target);
  assert.equal(target.found.length, 0, 'nothing has the right size or name');
  await reuse.recognize(stored, target);
  assert.equal(target.found.length, PIECES - 2);
  assert.ok(!target.found.includes(3 as PieceIndex) && !target.found.includes(4 as PieceIndex));
  assert.deepEqual(target.looked, [(PIECES + 1) * PIECE, (PIECES + 1) * PIECE]);
});

test('a download that has ended takes nothing more, and nothing stays claimed', async (t) => {
  const { reuse, stored, target, look } = await fixture(t);
  await look();
  const taking = reuse.take(stored, target);
  target.over = true;
  await stored.close();
  await taking;
  await reuse.recognize(stored, target);
  assert.deepEqual([...target.claimed], []);
});
