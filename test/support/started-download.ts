/** A download from a loopback swarm over real threads, in the process of the test. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
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
import type { PickOrder } from '../../src/shared/messages.ts';

export const PAYLOAD = 24 * 2 ** 20;

export interface Run {
  readonly shards: number;
  readonly hashers: number;
  readonly memoryBytes: number;
  readonly rate: number;
  readonly workerFile?: URL;
  readonly mix?: string;
  readonly order?: PickOrder;
  readonly webSeeds?: readonly string[];
}

/** The peers are added at once. `ended` resolves when it is complete; `stop` must be called in any case. */
export async function startDownload(folder: string, name: string, run: Run) {
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
  // A test that ends early does not wait for it.
  ended.catch(() => {});
  const limits = { halfOpen: 0, dialRatePerS: 0, maxPeers: 0, descriptors: 1_000 };
  const pool = new ShardPool({
    shards: run.shards,
    template: {
      clientName: CLIENT_NAME,
      encryption: 'off',
      proxy: null,
      localAddress: null,
      uploadRate: null,
      downloadRate: null,
      utp: false,
    },
    shareOf: (position) => shardShare(limits, position, run.shards),
    ...(run.workerFile === undefined ? {} : { workerFile: run.workerFile }),
  });
  const race = new Race(
    {
      infoHash: metainfo.infoHash,
      peerId: newPeerId(),
      strategy: 'first-unchoke',
      holepunch: false,
      keep: 0,
      maxPeers: 0,
      chokedTimeoutMs: CHOKED_DOWNLOAD_MS,
      reconnect: true,
      accepts: true,
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
      files: { place, key: null, overwrite: false, preallocate: false, reuse: null },
      race,
      shards: run.shards,
      webSeeds: { urls: run.webSeeds ?? [], pool: webSeeds },
      storage,
      memoryBytes: run.memoryBytes,
      order: run.order ?? 'rarest',
    },
    {
      onChecked: () => {},
      onRepair: () => {},
      onJournalTrouble: (message) => finish(new Error(message)),
      onVerified: () => {},
      onReuseLooked: () => {},
      onReused: () => {},
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
  const stopAll = async (): Promise<void> => {
    await download.stop();
    await pool.stop();
    await storage.close();
    await webSeeds.stop();
    place.release();
    await swarm.stop();
  };
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= stopAll();
    return stopped;
  };
  return { download, metainfo, plan, race, ended, stop, hoped, lost: () => lost, failures: () => failures };
}
