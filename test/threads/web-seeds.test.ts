/** The real web-seed thread: torrents that share it, one that is removed, and a thread that dies. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { reclaim } from '../../src/main/download/lost-shard.ts';
import { Verdicts } from '../../src/main/download/verdicts.ts';
import { WebSeedPool } from '../../src/main/pools/web-seed-pool.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceIndex, ShardId, TorrentId } from '../../src/shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../src/shared/ledger.ts';
import { livedLater } from '../../src/shared/lived-timer.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { liveWorkers } from '../support/live-workers.ts';
import { promiseAndResolve } from '../support/promise.ts';

checkLeaksAtEnd();

const PIECE = 65_536;
const PIECES = 60;
const SLOTS = 8;
const ROUTE = { proxy: null, localAddress: null };

type Holds = (path: string, n: number, response: ServerResponse) => boolean;

/** Serves ranges of these files; `holds`: this request gets only the head of its answer. */
async function fileServer(files: ReadonlyMap<string, Buffer>, holds: Holds) {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url?.slice(1) ?? '';
    const file = files.get(path) ?? Buffer.alloc(0);
    const [from = 0, to = 0] =
      /(\d+)-(\d+)/
        .exec(request.headers.range ?? '')
        ?.slice(1)
        .map(Number) ?? [];
    const n = (asked.get(path) ?? 0) + 1;
    asked.set(path, n);
    response.writeHead(206, {
      'content-range': `bytes ${from}-${to}/${file.length}`,
      'content-length': to - from + 1,
    });
    if (!holds(path, n, response)) response.end(file.subarray(from, to + 1));
  });
  await once(server.listen({ host: '127.0.0.1', port: 0 }), 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A torrent with one file. The test plays main. */
function torrentOf(id: number, name: string, bytes: Buffer, pool: WebSeedPool, url: string) {
  const g = geometry(bytes.length, PIECE);
  const memory = { ledger: Ledger.allocate(g.pieceCount), arena: Arena.allocate(g, SLOTS * PIECE) };
  const ledger = new Ledger(memory.ledger);
  const arena = new Arena(memory.arena);
  const verdicts = new Verdicts(ledger, arena, {
    onConvicted: () => assert.fail('all bytes are good'),
    onReopened: () => {},
    later: livedLater,
  });
  const complete = promiseAndResolve();
  const owners: ShardId[] = [];
  const news: string[] = [];
  const judge = (told: readonly FullPiece[]): void => {
    const good = verdicts.take(told);
    for (const { piece, slot } of good) {
      const held = Buffer.from(arena.pieceBytes(slot));
      assert.ok(held.equals(bytes.subarray(piece * PIECE, piece * PIECE + held.length)), `piece ${piece}`);
      assert.notEqual(ledger.stateOf(piece), PIECE_STATE.verified, 'each piece is full once');
      ledger.verify(piece);
    }
    verdicts.judge({
      type: 'stored',
      good,
      bad: [],
      evidence: [],
      writeBytes: 0,
      withheld: [],
      edges: [],
      isSplit: false,
      fault: null,
    });
    if (ledger.complete) complete.resolve();
  };
  const seeds = pool.add(
    id as TorrentId,
    {
      urls: [url],
      files: [{ names: [name], offset: 0, length: bytes.length, padding: false }],
      single: false,
      ...memory,
      maxSlots: SLOTS,
    },
    {
      onFull: judge,
      onSeedLost: (seed, reason) => news.push(`lost ${seed}: ${reason}`),
      onSeedWaits: (_, reason) => news.push(`waits: ${reason}`),
      onFileUnavailable: () => {},
      onOwnerGone: (owner) => {
        owners.push(owner);
        judge(reclaim(owner, ledger, arena, verdicts.held));
      },
    },
  );
  return { seeds, ledger, arena, owners, news, complete: complete.promise };
}

test('two torrents on one thread; one is removed in the middle and gives everything back, and the other completes', async () => {
  const files = new Map(['a.bin', 'b.bin'].map((name) => [name, randomBytes(PIECES * PIECE - 77)]));
  const held = promiseAndResolve();
  let closed = 0;
  const server = await fileServer(files, (path, n, response) => {
    if (path !== 'a.bin' || n <= 3) return false;
    response.flushHeaders();
    response.once('close', () => {
      closed += 1;
    });
    held.resolve();
    return true;
  });
  const pool = new WebSeedPool({ route: ROUTE, clientName: 'unchoke test' });
  try {
    assert.equal(await liveWorkers(), 0, 'no thread while no torrent has web seeds');
    const a = torrentOf(1, 'a.bin', files.get('a.bin') as Buffer, pool, server.url);
    const b = torrentOf(2, 'b.bin', files.get('b.bin') as Buffer, pool, server.url);
    assert.equal(await liveWorkers(), 1, 'one thread for both');
    await held.promise;
    await a.seeds.stop();
    const asked = server.asked.get('a.bin');
    assert.ok(a.ledger.verifiedCount < PIECES, 'it was in the middle');
    assert.equal(a.owners.length, 1);
    for (let piece = 0; piece < PIECES; piece++)
      assert.notEqual(a.ledger.stateOf(piece as PieceIndex), PIECE_STATE.claimed, `piece ${piece}`);
    assert.equal(a.arena.freeCount() + a.arena.parked().length, SLOTS, 'all slots are given back');
    await b.complete;
    await b.seeds.stop();
    assert.equal(b.seeds.bytes, PIECES * PIECE - 77);
    assert.equal(server.asked.get('a.bin'), asked, 'nothing more of it is asked for');
    assert.ok(closed > 0, 'its requests have ended');
    assert.deepEqual([a.news, b.news], [[], []]);
  } finally {
    await pool.stop();
    await server.close();
  }
  assert.equal(await liveWorkers(), 0, 'the thread ends with the pool');
});

test('the thread dies: another fetches the rest of both torrents, and no full piece is lost', async () => {
  const files = new Map(['a.bin', 'b.bin'].map((name) => [name, randomBytes(PIECES * PIECE)]));
  const server = await fileServer(files, () => false);
  const workerFile = new URL('../support/dying-web-seed-thread.js', import.meta.url);
  const pool = new WebSeedPool({ route: ROUTE, clientName: 'unchoke test', workerFile });
  try {
    const torrents = [...files].map(([name, bytes], i) => torrentOf(i + 1, name, bytes, pool, server.url));
    await Promise.all(torrents.map(({ complete }) => complete));
    for (const { owners, news, seeds } of torrents) {
      assert.equal(owners.length, 1, 'the fault fired');
      assert.match(news.join(), /^waits: its thread died and was replaced: Error: injected/);
      assert.ok(seeds.hopeful);
      assert.ok(seeds.bytes > 0);
    }
    await Promise.all(torrents.map(({ seeds }) => seeds.stop()));
    const [first, second] = torrents[0]?.owners ?? [];
    assert.ok(first !== undefined && second !== undefined && first !== second, 'each life has its own name');
  } finally {
    await pool.stop();
    await server.close();
  }
});

test('a thread that dies again and again is given up, and the torrents learn this', async () => {
  const workerFile = new URL('../support/hopeless-web-seed-thread.js', import.meta.url);
  const pool = new WebSeedPool({ route: ROUTE, clientName: 'unchoke test', workerFile });
  try {
    const early = torrentOf(1, 'a.bin', randomBytes(PIECE), pool, 'http://127.0.0.1:1/');
    while (early.seeds.hopeful) await new Promise(setImmediate);
    assert.equal(early.owners.length, 6);
    assert.match(early.news.at(-1) ?? '', /^lost all: their thread died: Error: injected/);
    const late = torrentOf(2, 'b.bin', randomBytes(PIECE), pool, 'http://127.0.0.1:1/');
    await new Promise(setImmediate);
    assert.deepEqual([late.seeds.hopeful, late.news.length], [false, 1]);
    await Promise.all([early.seeds.stop(), late.seeds.stop()]);
  } finally {
    await pool.stop();
  }
});
