// The pool of peer shards when its threads keep dying: every torrent is told so, early or late, and leaves at once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ShardPool, type ShardThreads } from '../../src/main/pools/shard-pool.ts';
import { TorrentShards, type TorrentShardsListener } from '../../src/main/pools/torrent-shards.ts';
import { LastTotals } from '../../src/main/race/phase-totals.ts';
import { shardId, type TorrentId } from '../../src/shared/indices.ts';
import type { TorrentEntry, TorrentStats } from '../../src/shared/messages.ts';

/** Each thread dies at once. */
function dyingThreads(): ShardThreads & { readonly deaths: number } {
  let deaths = 0;
  return {
    get deaths() {
      return deaths;
    },
    start: () => {
      deaths += 1;
      return { post: () => {}, close: () => {}, ended: Promise.reject(new Error(`death ${deaths}`)) };
    },
    end: async () => {},
  };
}

async function hopelessPool(onHopeless: (error: unknown) => void) {
  const threads = dyingThreads();
  const pool = new ShardPool({ shards: 2, threads, template: {} as never, shareOf: () => ({}) as never });
  const first = new Promise((resolve) => {
    pool.enter(listener((error) => resolve(onHopeless(error))));
  });
  await first;
  return { pool, threads };
}

function listener(onHopeless: TorrentShardsListener['onHopeless']): TorrentShardsListener {
  return { entryOf: () => ({}) as TorrentEntry, onEvent: () => {}, onLost: () => {}, onHopeless };
}

describe('a pool whose threads keep dying', () => {
  test('gives up after some deaths and tells the torrents that are there', async () => {
    const errors: unknown[] = [];
    const { threads } = await hopelessPool((error) => errors.push(error));
    assert.equal(threads.deaths, 2 + 5);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), /death/);
  });

  test('tells a torrent that enters later, once it has its listeners, and lets it leave at once', async () => {
    const { pool } = await hopelessPool(() => {});
    let isListening = false;
    let leave = (): Promise<void> => Promise.resolve();
    const told = new Promise((resolve) => {
      const torrent = pool.enter(listener(() => resolve(isListening)));
      leave = () => torrent.leave();
    });
    isListening = true;
    assert.equal(await told, true);
    await leave();
  });

  test('a torrent that leaves before it is told is released when it is told', async () => {
    const { pool } = await hopelessPool(() => {});
    await pool.enter(listener(() => {})).leave();
  });
});

test('what a torrent gave and got does not fall when a thread dies, again and again; its peers are gone', () => {
  const line = {
    size: 2,
    post: () => {},
    idOf: () => shardId(1),
    loadOf: () => ({}) as never,
    forget: () => {},
  };
  const torrent = new TorrentShards(
    1 as TorrentId,
    line,
    listener(() => {}),
  );
  const says = (position: number, bytes: number, unchoked: number): void => {
    const stats = { unchoked, sentBytes: bytes, blockBytes: 2 * bytes, wastedBytes: 0, nodeBytes: 1 };
    torrent.hear(position, { type: 'stats', stats: stats as TorrentStats });
  };
  const totals = new LastTotals();
  const seen = (): number[] => {
    const { sentBytes, blockBytes, nodeBytes, unchoked } = totals.of(torrent.counts);
    return [sentBytes, blockBytes, nodeBytes, unchoked];
  };
  torrent.replaced(0, shardId(1), new Error('dead before it said anything'));
  assert.deepEqual(torrent.counts, [null, null]);
  says(0, 100, 3);
  says(1, 10, 1);
  assert.deepEqual(seen(), [110, 220, 2, 4]);
  torrent.replaced(0, shardId(2), new Error('dead'));
  assert.deepEqual(seen(), [110, 220, 2, 1]);
  says(0, 5, 2);
  assert.deepEqual(seen(), [115, 230, 3, 3]);
  torrent.replaced(0, shardId(3), new Error('dead again'));
  says(0, 7, 1);
  assert.deepEqual(seen(), [122, 244, 4, 2]);
});
