/** The pieces that a reader waits for come first, in order, and no slow peer, shard or web seed delays them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RaisedPieces, ReadingWindow } from '../../src/main/download/raised-pieces.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import type { Ledger } from '../../src/shared/ledger.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import type { FakePeer, FakePeerScript } from '../support/fake-peer.ts';
import { seedScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { type Answer, right } from '../support/virtual-http.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from '../support/virtual-shard-setup.ts';
import { BLOCK, crawler } from '../support/virtual-shards.ts';
import { VirtualWebSeeds } from '../support/virtual-web-seeds.ts';

const PIECES = 40;
const BLOCKS = 4;

/** A seed of all pieces; `more` says how it serves them. */
const seed = (more: Partial<FakePeerScript> = {}): FakePeerScript => ({
  script: seedScript(INFO_HASH, PIECES, 10),
  serves: payload,
  bytesPerS: 4 * BLOCK,
  ...more,
});

/** A seed that sends the first block very slowly. */
function crawling(): FakePeerScript {
  return { ...crawler(), script: seedScript(INFO_HASH, PIECES, 10) };
}

/** Shards over one ledger and the peers of each. The test plays main and a reader. */
class Reading {
  readonly shards: VirtualShard[] = [];
  readonly fakes: FakePeer[][];
  readonly #seen = new Set<FullPiece>();
  readonly ledger: Ledger;
  readonly window: ReadingWindow;

  constructor(shards: readonly (readonly FakePeerScript[])[], options: VirtualShardOptions = {}) {
    const common = {
      pieces: PIECES,
      pieceLength: BLOCKS * BLOCK,
      slots: 20,
      order: 'sequential' as const,
      chokedTimeoutMs: 600_000,
      hasNeighbours: shards.length > 1,
      ...options,
    };
    for (const _ of shards)
      this.shards.push(
        new VirtualShard(this.shards[0] === undefined ? common : { ...common, beside: this.shards[0] }),
      );
    this.fakes = this.shards.map((shard, i) => shard.add(...(shards[i] ?? [])));
    this.ledger = this.shards[0]?.ledger as Ledger;
    this.window = new ReadingWindow(new RaisedPieces(this.ledger));
  }

  run(ms: number, until: () => boolean = () => false): number {
    for (let at = 0; at < ms; at += 10) {
      if (until()) return at;
      this.shards[0]?.run(10);
      for (const shard of this.shards) shard.judge((full) => this.#isGood(full), this.#seen);
    }
    return Number.NaN;
  }

  isThere(piece: number): boolean {
    return this.ledger.stateOf(piece as PieceIndex) === PIECE_STATE.verified;
  }

  /** The pieces that this peer was asked for, in the order of their first request. */
  static askedFor(fake: FakePeer | undefined, from = 0): number[] {
    return [...new Set(fake?.requests.slice(from).map(({ piece }) => piece))];
  }

  #isGood({ piece, slot }: FullPiece): boolean {
    const bytes = this.shards[0]?.arena?.pieceBytes(slot) ?? new Uint8Array(0);
    return Buffer.compare(bytes, payload(piece, 0, bytes.length)) === 0;
  }
}

test('from the next request on, a window comes first and in order; then pieces that were left, and the rest as before', () => {
  const reading = new Reading([[seed({ bytesPerS: 8 * BLOCK })]]);
  const fake = reading.fakes[0]?.[0];
  reading.run(2_000);
  const before = Reading.askedFor(fake);
  assert.deepEqual(
    before,
    Array.from(before, (_, i) => i),
    'at first in the order of the torrent',
  );
  const requests = fake?.requests.length ?? 0;
  reading.window.move(30, 34);
  reading.run(6_000);
  const after = Reading.askedFor(fake, requests);
  const [begun, rest] = [true, false].map((isBegun) =>
    after.filter((piece) => before.includes(piece) === isBegun),
  );
  assert.deepEqual(rest?.slice(0, 4), [30, 31, 32, 33]);
  assert.ok(
    (begun?.length ?? 0) > 1,
    'what the peer was asked for before was taken back, and is asked for again',
  );
  assert.ok(
    after.indexOf(begun?.at(-1) ?? -1) < after.indexOf(before.length),
    'before anything new is begun',
  );
  const next = rest?.slice(4) ?? [];
  assert.deepEqual(
    next,
    Array.from(next, (_, i) => before.length + i),
    'then it goes on where it was',
  );
});

test('a reader that moves does not wait for earlier requests', () => {
  const reading = new Reading([[seed({ bytesPerS: 8 * BLOCK })]]);
  reading.run(2_000);
  const owed = reading.fakes[0]?.[0]?.open.length ?? 0;
  assert.ok(owed > 8, `${owed} blocks are asked for`);
  reading.window.move(30, 34);
  const ms = reading.run(5_000, () => reading.isThere(30));
  assert.ok(ms < 1_500, `${ms} ms`);
});

test('two readers: each window comes in order, and a closed window loses its priority', () => {
  const reading = new Reading([[seed({ bytesPerS: 8 * BLOCK })]]);
  const other = new ReadingWindow(new RaisedPieces(reading.ledger));
  reading.window.move(30, 32);
  other.move(20, 22);
  reading.run(1_000);
  const fake = reading.fakes[0]?.[0];
  assert.deepEqual(Reading.askedFor(fake).slice(0, 4), [20, 21, 30, 31]);
  other.move(25, 40);
  other.close();
  const requests = fake?.requests.length ?? 0;
  reading.run(6_000);
  const after = Reading.askedFor(fake, requests);
  assert.ok(after.length > 5);
  assert.deepEqual(
    after,
    Array.from(after, (_, i) => (after[0] as number) + i),
    'in order, from the front',
  );
  assert.ok((after[0] as number) < 5);
});

/** When the first piece of the window arrived, which a very slow peer had begun; there is always other work. */
function rescued(shards: readonly (readonly FakePeerScript[])[], options: VirtualShardOptions = {}) {
  const reading = new Reading(shards, options);
  reading.window.move(30, 31);
  reading.run(150);
  assert.equal(reading.ledger.stateOf(30 as PieceIndex), PIECE_STATE.claimed, 'the crawling peer has it');
  const ms = reading.run(20_000, () => reading.isThere(30));
  return { ms: ms + 150, reading };
}

test('if a slow peer holds a piece of the window, another peer fetches it as well, although it has other work', () => {
  const { ms, reading } = rescued([[crawling(), seed({ connect: 200, bytesPerS: 20 * BLOCK })]]);
  assert.ok(ms < 3_500, `${ms} ms`);
  assert.ok(reading.ledger.missingCount > 0, 'other pieces are still to be begun');
});

test('the same with a slow peer on another shard', () => {
  const { ms, reading } = rescued([[crawling()], [seed({ connect: 200, bytesPerS: 20 * BLOCK })]]);
  assert.ok(ms < 3_500, `${ms} ms`);
  assert.ok(reading.ledger.missingCount > 0, 'other pieces are still to be begun');
});

/** Web seeds that send 256 KiB a second on each connection. */
const steady: Answer = (asked, content) => ({ ...right(asked, content), rate: 262_144 });
const PIECE = BLOCKS * BLOCK;
const FILES = [{ names: ['a'], length: PIECES * PIECE }];

test('the next request to a web seed is for the window, and then it goes on with the rest', async () => {
  const web = new VirtualWebSeeds({ files: FILES, servers: [steady], pieceLength: PIECE });
  const window = new ReadingWindow(new RaisedPieces(web.ledger));
  try {
    await web.run(100);
    const before = web.asked.length;
    window.move(30, 32);
    await web.run(20_000);
    const after = web.asked.slice(before).map(({ from }) => from / PIECE);
    assert.equal(after[0], 30);
    assert.equal(web.ledger.complete, true);
  } finally {
    await web.stop();
  }
});

test('a web seed that has work of its own helps with a piece of the window that a peer is slow at', async () => {
  const shard = new VirtualShard({
    pieces: PIECES,
    pieceLength: PIECE,
    slots: 20,
    hasNeighbours: true,
    chokedTimeoutMs: 600_000,
  });
  const window = new ReadingWindow(new RaisedPieces(shard.ledger as Ledger));
  window.move(30, 31);
  const [silent] = shard.add(seed({ serves: () => null }));
  shard.run(300);
  assert.deepEqual(Reading.askedFor(silent)[0], 30, 'the silent peer has it');
  const web = new VirtualWebSeeds({
    files: FILES,
    servers: [(asked, content) => ({ ...right(asked, content), rate: 65_536 })],
    beside: shard,
    pieceLength: PIECE,
    slots: 20,
  });
  try {
    let ms = 0;
    while (shard.ledger?.stateOf(30 as PieceIndex) !== PIECE_STATE.verified && ms < 30_000)
      ms += await web.run(100);
    assert.ok(ms < 3_000, `${ms} ms`);
    assert.ok((shard.ledger?.missingCount ?? 0) > 0, 'other pieces are still to be begun');
  } finally {
    await web.stop();
  }
});
