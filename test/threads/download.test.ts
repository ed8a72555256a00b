/** Real threads and real sockets: a download over several shards and storage threads, and threads that die during it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSwarm } from '../../src/main/cli/runs/swarm-child.ts';
import { Download } from '../../src/main/download/download.ts';
import { CLIENT_NAME, newPeerId } from '../../src/main/network/identity.ts';
import { Race } from '../../src/main/race/race.ts';
import type { RaceListener } from '../../src/main/race/race-options.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { CHOKED_DOWNLOAD_MS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PAYLOAD = 24 * 2 ** 20;

/** A race has no listener before its download has one. */
const UNHEARD = Object.fromEntries(
  [
    'onFirstUnchoke',
    'onFull',
    'onClosed',
    'onBanned',
    'onMetadataOffer',
    'onMetadataPart',
    'onShardLost',
    'onBug',
  ].map((name) => [name, () => {}]),
) as unknown as RaceListener;

interface Run {
  readonly shards: number;
  readonly hashers: number;
  readonly memoryBytes: number;
  readonly rate: number;
  readonly workerFile?: URL;
  readonly mix?: string;
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
  const raceOptions = {
    infoHash: metainfo.infoHash,
    peerId: newPeerId(),
    clientName: CLIENT_NAME,
    strategy: 'first-unchoke' as const,
    keep: 0,
    shards: run.shards,
    limits,
    chokedTimeoutMs: CHOKED_DOWNLOAD_MS,
    encryption: 'off' as const,
    proxy: null,
    localAddress: null,
    utp: false,
    reconnect: true,
    blocklist: null,
    pex: false,
    dht: false,
  };
  const workerFile = run.workerFile === undefined ? {} : { workerFile: run.workerFile };
  const race = new Race({ ...raceOptions, ...workerFile }, UNHEARD);
  const download = new Download(
    {
      metainfo,
      plan,
      files: { place, key: null, overwrite: false, preallocate: false },
      race,
      shards: run.shards,
      webSeeds: { urls: [], route: { proxy: null, localAddress: null } },
      hashers: run.hashers,
      memoryBytes: run.memoryBytes,
      order: 'rarest',
      openFiles: 8,
    },
    {
      onChecked: () => {},
      onJournalTrouble: (message) => finish(new Error(message)),
      onFirstUnchoke: () => {},
      onClosed: () => {},
      onBanned: () => {},
      onVerified: () => {},
      onWebSeedLost: () => {},
      onWebSeedWaits: () => {},
      onFileUnavailable: () => {},
      onPieceFailed: () => {
        failures += 1;
      },
      onShardLost: () => {
        lost += 1;
      },
      onComplete: () => finish(),
      onFailure: (error) => finish(error),
    },
  );
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
  return { download, race, lost, failures };
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
