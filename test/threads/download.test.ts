/** Real threads and real sockets: a download over several shards and storage threads, and threads that die during it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSwarm } from '../../src/main/cli/runs/swarm-child.ts';
import { Download } from '../../src/main/download/download.ts';
import { CLIENT_NAME, newPeerId } from '../../src/main/network/identity.ts';
import { ShardPool } from '../../src/main/pools/shard-pool.ts';
import { StoragePool } from '../../src/main/pools/storage-pool.ts';
import { WebSeedPool } from '../../src/main/pools/web-seed-pool.ts';
import { Race } from '../../src/main/race/race.ts';
import { shardShare } from '../../src/main/race/sharding.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import type { TorrentId } from '../../src/shared/indices.ts';
import { CHOKED_DOWNLOAD_MS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PAYLOAD = 24 * 2 ** 20;

interface Run {
  readonly shards: number;
  readonly hashers: number;
  readonly memoryBytes: number;
  readonly rate: number;
  readonly workerFile?: URL;
  readonly mix?: string;
  readonly webSeeds?: readonly string[];
}

async function download(name: string, run: Run) {
  const torrent = join(folder, `${name}.torrent`);
  const swarm = await startSwarm({
    peers: 12,
    seed: 7,
    mix: run.mix ?? 'seeds',
    payloadBytes: PAYLOAD,
    pieceBytes: 262_144,
    rate: run.rate,
    rttMs: 0,
    torrent,
    lifetimeMs: 60_000,
  });
  const metainfo = loadTorrent(torrent);
  const plan = storagePlan(metainfo, join(folder, name));
  const place = await OutputPlace.take(plan, { signal: new AbortController().signal, onNews: () => {} });
  let lost = 0;
  let failures = 0;
  let finish: (error?: unknown) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === undefined ? resolve() : reject(error));
  });
  const limits = { halfOpen: 0, dialRatePerS: 0, maxPeers: 0, descriptors: 1_000 };
  const pool = new ShardPool({
    shards: run.shards,
    template: { clientName: CLIENT_NAME, encryption: 'off', proxy: null, localAddress: null, utp: false },
    shareOf: (position) => shardShare(limits, position, run.shards),
    ...(run.workerFile === undefined ? {} : { workerFile: run.workerFile }),
  });
  const race = new Race(
    {
      infoHash: metainfo.infoHash,
      peerId: newPeerId(),
      strategy: 'first-unchoke',
      keep: 0,
      maxPeers: 0,
      chokedTimeoutMs: CHOKED_DOWNLOAD_MS,
      reconnect: true,
      blocklist: null,
      pex: false,
      dht: false,
    },
    pool,
  );
  race.subscribe({
    onShardLost: () => {
      lost += 1;
    },
  });
  const storage = new StoragePool({ threads: run.hashers, openFiles: 8 });
  const webSeeds = new WebSeedPool({ route: { proxy: null, localAddress: null }, clientName: CLIENT_NAME });
  const download = new Download(
    {
      torrent: 1 as TorrentId,
      metainfo,
      plan,
      files: { place, key: null, overwrite: false, preallocate: false },
      race,
      shards: run.shards,
      webSeeds: { urls: run.webSeeds ?? [], pool: webSeeds },
      storage,
      memoryBytes: run.memoryBytes,
      order: 'rarest',
    },
    {
      onChecked: () => {},
      onJournalTrouble: (message) => finish(new Error(message)),
      onVerified: () => {},
      onWebSeedLost: () => {},
      onWebSeedWaits: () => {},
      onFileUnavailable: () => {},
      onPieceFailed: () => {
        failures += 1;
      },
      onComplete: () => finish(),
      onFailure: (error) => finish(error),
    },
  );
  const hoped = download.webSeedsMayGive;
  await download.prepare();
  const response = await fetch(swarm.info.announce);
  const body = Buffer.from(await response.arrayBuffer());
  const at = body.indexOf('5:peers') + '5:peers'.length;
  const list = body.subarray(body.indexOf(':', at) + 1, -1);
  const peers = Array.from({ length: list.length / 6 }, (_, i) => ({
    host: list.subarray(i * 6, i * 6 + 4).join('.'),
    port: list.readUInt16BE(i * 6 + 4),
  }));
  assert.equal(peers.length, 12);
  race.add(peers, 'test');
  try {
    await ended;
  } finally {
    await download.stop();
    await pool.stop();
    await storage.close();
    await webSeeds.stop();
    place.release();
    await swarm.stop();
  }
  const bytes = readFileSync(plan.root);
  for (let piece = 0; piece < metainfo.geometry.pieceCount; piece++) {
    const hash = createHash('sha1')
      .update(bytes.subarray(piece * 262_144, (piece + 1) * 262_144))
      .digest();
    assert.equal(hash.compare(metainfo.pieceHashes, piece * 20, piece * 20 + 20), 0, `piece ${piece}`);
  }
  return { download, race, lost, failures, hoped };
}

test('three shards and two hashers share one download', async () => {
  const { race, failures } = await download('shared', {
    shards: 3,
    hashers: 2,
    memoryBytes: 8 * 2 ** 20,
    rate: 0,
  });
  assert.equal(failures, 0);
  const busy = race.shardStats.filter((stats) => (stats?.blockBytes ?? 0) > 0);
  assert.ok(busy.length >= 2, 'more than one shard had a part');
});

test('web seeds are hoped for while the files are made, before they are asked', async () => {
  const run = { shards: 1, hashers: 1, memoryBytes: 8 * 2 ** 20, rate: 0 };
  const { hoped, download: done } = await download('hoped', { ...run, webSeeds: ['http://127.0.0.1:1/'] });
  assert.deepEqual([hoped, done.complete, done.webSeeds?.bytes], [true, true, 0]);
});

test('two slots of memory are enough', async () => {
  const { download: done } = await download('tiny', {
    shards: 2,
    hashers: 1,
    memoryBytes: 2 * 262_144,
    rate: 0,
  });
  assert.equal(done.complete, true);
});

for (const [name, file] of [
  ['a shard whose thread dies', 'crashing-shard.js'],
  ['a bug behind the guard of a callback, which ends the whole thread', 'guarded-crash-shard.js'],
] as const) {
  test(`${name}, in the middle: no piece and no address is lost`, async () => {
    const workerFile = new URL(`../support/${file}`, import.meta.url);
    const {
      download: done,
      race,
      lost,
    } = await download(file, {
      shards: 2,
      hashers: 1,
      memoryBytes: 8 * 2 ** 20,
      rate: 2 ** 20,
      workerFile,
    });
    assert.equal(lost, 2, 'both first shards died');
    assert.equal(done.complete, true);
    const settled = [...race.peers.outcomes];
    assert.equal(settled.length, 12);
    for (const { timeline } of settled)
      assert.notEqual(timeline.dialed, null, 'every address was tried again');
  });
}

test('shards that die again and again end the run instead of spinning', async () => {
  const workerFile = new URL('../support/hopeless-shard.js', import.meta.url);
  await assert.rejects(
    download('hopeless', { shards: 1, hashers: 1, memoryBytes: 2 ** 23, rate: 0, workerFile }),
    /injected/,
  );
});
