/** The blocks of unfinished pieces between two runs, with real files. */
import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UnfinishedPieces } from '../../src/main/download/unfinished-pieces.ts';
import { BlockFile } from '../../src/main/storage/block-file.ts';
import { Arena } from '../../src/shared/arena.ts';
import { type FileSystem, SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { Folder } from '../../src/shared/folder.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex, type SlotIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import { EARLIER_RUN, peerAsSender } from '../../src/shared/sender.ts';
import { temporaryFolder } from '../support/cli.ts';

const BLOCK = 16_384;
const OWNER = shardId(1);
const PEER = peerAsSender(peerIndex(4));
const HASH = Buffer.alloc(20, 7);
const NAME = 'x.unchoke.blocks';
/** Eight pieces of ten blocks; the last one has three, and 100 bytes. */
const G = geometry(7 * 10 * BLOCK + 3 * BLOCK + 100, 10 * BLOCK);
const LAST = 7 as PieceIndex;
const all = temporaryFolder();
const newFolder = (): string => mkdtempSync(join(all, 'place '));
const piece = (index: number): PieceIndex => index as PieceIndex;

interface Place {
  readonly folder: string;
  readonly files?: FileSystem;
  readonly infoHash?: Buffer;
  readonly slots?: number;
}

/** A run with its memory. */
class Run {
  readonly arena: Arena;
  readonly ledger = new Ledger(Ledger.allocate(G.pieceCount));
  readonly held = new Set<SlotIndex>();
  isTakenOver = false;
  readonly unfinished: UnfinishedPieces;

  constructor({ folder, files = SYSTEM_FILES, infoHash = HASH, slots = 8 }: Place) {
    this.arena = new Arena(Arena.allocate(G, slots * 10 * BLOCK));
    const place = {
      root: Folder.open(folder, files),
      assertOurs: () => {
        if (this.isTakenOver) throw new Error('another run has it');
      },
    };
    const file = new BlockFile(place, NAME, infoHash, G);
    this.unfinished = UnfinishedPieces.of(file, this.ledger, this) ?? assert.fail('nothing is kept');
  }

  /** A shard receives these blocks: each is full of a byte that tells it from all others. */
  receive(index: number, blocks: readonly number[]): SlotIndex {
    this.ledger.claim(piece(index), OWNER);
    const slot = this.arena.claim(piece(index), OWNER) ?? assert.fail('no slot is free');
    for (const block of blocks) this.fill(slot, block);
    return slot;
  }

  fill(slot: SlotIndex, block: number): void {
    assert.ok(this.arena.take(slot, block));
    const from = this.arena.offsetOf(slot, block);
    this.arena.bytes.fill(this.arena.pieceOf(slot) * 16 + block, from, from + BLOCK);
    this.arena.receive(slot, block, PEER);
  }

  /** The blocks of each piece that are there for the next holder. */
  parked(): [number, number[]][] {
    const pieces = this.arena.parked().map((slot): [number, number[]] => {
      const index = this.arena.pieceOf(slot);
      const blocks = this.arena
        .senders(slot)
        .flatMap((sender, block) => (sender === EARLIER_RUN ? [block] : []));
      const bytes = this.arena.pieceBytes(slot);
      for (const block of blocks) {
        const content = bytes.subarray(block * BLOCK, (block + 1) * BLOCK);
        assert.ok(content.every((byte) => byte === index * 16 + block));
      }
      return [index, blocks];
    });
    return pieces.sort(([one], [other]) => one - other);
  }
}

async function afterRun(work: (run: Run) => void): Promise<string> {
  const folder = newFolder();
  const run = new Run({ folder });
  await run.unfinished.restore();
  work(run);
  await run.unfinished.keep();
  return folder;
}

test('what a run has received of pieces is there in the next one, and takes no space on the disk meanwhile', async () => {
  const folder = await afterRun((run) => {
    run.receive(0, [0, 1, 2, 5, 9]);
    run.receive(LAST, [3]);
    run.arena.take(run.receive(2, [4]), 5);
  });
  assert.deepEqual(readdirSync(folder), [NAME]);
  const next = new Run({ folder });
  await next.unfinished.restore();
  const kept = [
    [0, [0, 1, 2, 5, 9]],
    [2, [4]],
    [7, [3]],
  ];
  assert.deepEqual(next.parked(), kept);
  assert.deepEqual(readdirSync(folder), []);
  // A holder goes on there.
  next.ledger.claim(piece(2), OWNER);
  const slot = next.arena.adopt(piece(2), OWNER) ?? assert.fail('it is not parked');
  assert.equal(next.arena.take(slot, 4), false);
  next.fill(slot, 5);
  assert.equal(next.unfinished.bytesOf([{ piece: piece(2), slot }]), BLOCK);
  await next.unfinished.keep();
  const third = new Run({ folder });
  await third.unfinished.restore();
  assert.deepEqual(third.parked(), [kept[0], [2, [4, 5]], kept[2]]);
});

test('a piece that was full, or bad, or is not wanted is not kept as it is', async () => {
  const every = Array.from({ length: 10 }, (_, block) => block);
  const folder = await afterRun((run) => {
    // Nobody has judged it: without its last block it is an unfinished piece.
    run.receive(0, every);
    run.held.add(run.receive(1, every));
    run.arena.park(run.receive(2, [0]), true);
    run.ledger.release(piece(2), OWNER);
    run.ledger.setPriority([piece(2)], PRIORITY.skip);
    const verified = run.receive(3, every);
    run.ledger.fill(piece(3), OWNER);
    run.ledger.verify(piece(3));
    assert.ok(verified !== null);
    const avoided = run.receive(4, every);
    run.ledger.fill(piece(4), OWNER);
    run.arena.leave(avoided, OWNER);
    run.arena.retry(avoided, { avoid: [PEER], solo: false, blocks: new Set([3]) });
    const discarded = run.receive(5, [1]);
    run.arena.discard(discarded);
  });
  const next = new Run({ folder });
  await next.unfinished.restore();
  assert.deepEqual(next.parked(), [[0, every.slice(0, -1)]]);
});

test('what is verified by now, and what finds no memory, is left out', async () => {
  const folder = await afterRun((run) => {
    for (let index = 0; index < 4; index++) run.receive(index, [index]);
  });
  const next = new Run({ folder, slots: 2 });
  next.ledger.verify(piece(0));
  await next.unfinished.restore();
  assert.deepEqual(next.parked(), [
    [1, [1]],
    [2, [2]],
  ]);
});

test('a run that ends before it reads the blocks leaves them there; a complete one removes them', async () => {
  const folder = await afterRun((run) => run.receive(0, [1]));
  await new Run({ folder }).unfinished.keep();
  assert.ok(existsSync(join(folder, NAME)));
  const complete = new Run({ folder });
  for (let index = 0; index < G.pieceCount; index++) complete.ledger.verify(piece(index));
  await complete.unfinished.keep();
  assert.deepEqual(readdirSync(folder), []);
});

test('where another run has taken over the place, its file is neither removed nor replaced', async () => {
  const folder = newFolder();
  const run = new Run({ folder });
  await run.unfinished.restore();
  run.receive(0, [1]);
  const other = new Run({ folder });
  await other.unfinished.restore();
  other.receive(1, [2]);
  await other.unfinished.keep();
  const theirs = readFileSync(join(folder, NAME));
  run.isTakenOver = true;
  await run.unfinished.keep();
  assert.deepEqual(readFileSync(join(folder, NAME)), theirs);
});

test('a full disk: nothing is left, and nothing fails', async () => {
  const folder = newFolder();
  let writes = 0;
  const write = async (...given: Parameters<FileSystem['slow']['write']>): Promise<number> => {
    if (++writes === 2) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return SYSTEM_FILES.slow.write(...given);
  };
  const files = { ...SYSTEM_FILES, slow: { ...SYSTEM_FILES.slow, write } };
  const run = new Run({ folder, files });
  await run.unfinished.restore();
  run.receive(0, [1, 2]);
  await run.unfinished.keep();
  assert.equal(writes, 2, 'the fault fired');
  assert.deepEqual(readdirSync(folder), []);
});

test('a file that was cut, or changed, or is of another torrent: what cannot be read is fetched again', async () => {
  const folder = await afterRun((run) => {
    run.receive(0, [0, 1]);
    run.receive(1, [3]);
  });
  const right = readFileSync(join(folder, NAME), 'latin1');
  const line = right.slice(0, right.indexOf('\n'));
  const cases: [string, string, number][] = [
    ['empty', '', 0],
    ['cut in its line', right.slice(0, 30), 0],
    ['without blocks', `${line}\n`, 0],
    ['cut in the second piece', right.slice(0, -1), 1],
    ['a piece that does not exist', right.replace('[[0,', '[[8,'), 0],
    ['no number', right.replace('[[0,', '[["a",'), 0],
    ['no list', right.replace('"pieces":[', '"pieces":{'), 0],
    ['the same piece twice', right.replace('[1,', '[0,'), 1],
    ['no blocks', right.replace(/"[A-Za-z0-9+/=]+"\]\]\}/, '""]]}'), 1],
    ['another torrent', right.replace(HASH.toString('hex'), '8'.repeat(40)), 0],
  ];
  for (const [what, text, count] of cases) {
    writeFileSync(join(folder, NAME), text, 'latin1');
    const next = new Run({ folder });
    await next.unfinished.restore();
    assert.equal(next.parked().length, count, what);
    assert.equal(next.arena.freeCount(), 8 - count, what);
  }
});

test('a file of somebody else in its place stays, also behind a link', async () => {
  const folder = newFolder();
  const path = join(folder, NAME);
  const theirs = join(folder, 'theirs');
  const ways = [
    () => writeFileSync(path, 'my blocks'),
    () => symlinkSync(theirs, path),
    () => linkSync(theirs, path),
  ];
  writeFileSync(theirs, '{"v":1,"blocksOf":"');
  for (const way of ways) {
    way();
    const before = readFileSync(path, 'latin1');
    const run = new Run({ folder });
    await run.unfinished.restore();
    run.receive(0, [1]);
    await run.unfinished.keep();
    assert.equal(readFileSync(path, 'latin1'), before);
    SYSTEM_FILES.unlink(path);
  }
  assert.equal(readFileSync(theirs, 'latin1'), '{"v":1,"blocksOf":"');
});
