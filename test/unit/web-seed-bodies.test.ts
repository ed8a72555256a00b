/** One web seed and the bodies that its server sends: which bytes get into which run. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { webSeedAsSender } from '../../src/shared/sender.ts';
import { Servers } from '../../src/workers/web-seeds/servers.ts';
import { SlotWriter } from '../../src/workers/web-seeds/slot-writer.ts';
import { type SeedWork, WebSeed } from '../../src/workers/web-seeds/web-seed.ts';

const BLOCK = 16_384;
const PIECE = 4 * BLOCK;
const SERVER = 'http://s.test/';

test('a whole file that ends before the next run begins is read to its end, and the next file is asked for', async () => {
  const g = geometry(2 * PIECE, PIECE);
  const lengths = [PIECE + BLOCK + 100, PIECE - BLOCK - 100];
  const [ledger, arena] = [new Ledger(Ledger.allocate(2)), new Arena(Arena.allocate(g, 2 * PIECE))];
  const shard = shardId(7);
  let wasted = 0;
  const onWasted = (bytes: number): void => {
    wasted += bytes;
    if (wasted > 2 * PIECE) throw new Error('it reads the same bytes again and again');
  };
  const holder = { ledger, arena, shard, onFull: () => {}, onWasted };
  const [first, second] = [0, 1].map((i) => {
    const piece = i as PieceIndex;
    assert.ok(ledger.claim(piece, shard));
    const slot = arena.claim(piece, shard);
    assert.ok(slot !== null);
    // Another one has sent the part of the second piece in which the first file ends.
    for (let block = 0; block < 2 * i; block++) {
      assert.ok(arena.take(slot, block));
      arena.receive(slot, block, webSeedAsSender(1));
    }
    const run = new SlotWriter(holder, 'owner', 0, piece, [slot]);
    assert.ok(run.rewind());
    return run;
  }) as [SlotWriter, SlotWriter];
  const asked: string[] = [];
  const visitor = {
    visit: async (url: string, { headers }: { headers?: Readonly<Record<string, string>> }) => {
      asked.push(`${url.slice(SERVER.length)} ${headers?.['range']}`);
      const body = Readable.from([Buffer.alloc(lengths[asked.length - 1] ?? 0)]);
      return { status: 200, headers: {}, body, landing: { url, namedBy: null } };
    },
  };
  const files = lengths.map((length, i) => ({
    names: [`file${i}`],
    offset: i * (lengths[0] ?? 0),
    length,
    padding: false,
  }));
  const [use] = new Servers().use([SERVER]);
  assert.ok(use);
  const seed = new WebSeed(0, SERVER, { files, single: false, geometry: g }, use, visitor);
  let run = first;
  const work: SeedWork = {
    get run() {
      return run;
    },
    signal: new AbortController().signal,
    onBytes: () => {},
    more: async () => {
      run = second;
      return true;
    },
  };
  assert.deepEqual(await seed.fetch(work), { kind: 'done' });
  assert.deepEqual(asked, [
    `file0 bytes=0-${PIECE - 1}`,
    `file1 bytes=${BLOCK - 100}-${PIECE - BLOCK - 101}`,
  ]);
  assert.equal(second.openCount, 0, 'the piece is complete');
  // The rest of the first file, and the start of the second, which is sent whole.
  assert.equal(wasted, BLOCK + 100 + (BLOCK - 100));
});
