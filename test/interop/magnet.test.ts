/** From a magnet link to the finished files, with the metadata and the data from real clients. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Session, type Torrent, type TorrentEvent } from '../../src/main/index.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import {
  CLIENTS_AS_SEEDS,
  libtorrentDht,
  libtorrentMagnet,
  libtorrentSeed,
  makeTorrent,
} from '../support/seeds.ts';
import { openTracker, untilSeeded } from '../support/tracker.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
/** Sources whose peers sent data. */
function usefulSources(events: readonly Record<string, unknown>[]): string[] {
  const summary = events.at(-1) as { sources?: { name: string; gaveData: number }[] };
  return (summary.sources ?? []).filter(({ gaveData }) => gaveData > 0).map(({ name }) => name);
}

function makeAndLoad(set: string, torrent: string) {
  makeTorrent(set, torrent, 15);
  return loadTorrent(torrent);
}

/** Pieces of 32 KiB and many files: the metadata takes several parts. */
function madeSet(name: string): string {
  const set = join(folder, 'data', name);
  mkdirSync(set, { recursive: true });
  for (let i = 0; i < 400; i++)
    writeFileSync(join(set, `${'long '.repeat(16)}${i}.bin`), randomBytes(20_011));
  return set;
}

test('an info hash alone, through the DHT alone', async () => {
  const name = 'by dht';
  const set = madeSet(name);
  const torrent = join(folder, 'dht.torrent');
  makeTorrent(set, torrent, 15);
  const dht = await libtorrentDht(20);
  const seed = await libtorrentSeed({
    torrent,
    folder: join(folder, 'data'),
    scratch: folder,
    settings: { enable_dht: true, dials: false },
  });
  try {
    const [host, port] = dht.address.split(':');
    await seed.joinDht?.(host as string, Number(port));
    const output = join(folder, 'out');
    const hash = Buffer.from(loadTorrent(torrent).infoHash).toString('hex');
    const run = await runCli('get', hash, '-o', output, '--dht-bootstrap', dht.address, '--json');
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(contentOf(join(output, name)), contentOf(set));
    assert.deepEqual(usefulSources(run.events), ['dht']);
  } finally {
    await seed.stop();
    await dht.stop();
  }
});

test('a magnet link that was paused keeps its metadata: it resumes although the only peer that sent it is gone', async () => {
  const set = madeSet('paused');
  const torrent = join(folder, 'paused.torrent');
  const { infoHash } = makeAndLoad(set, torrent);
  const seed = await libtorrentSeed({ torrent, folder: join(folder, 'data'), scratch: folder });
  const alone = { dht: false, lsd: false, trackers: false, port: null } as const;
  const session = new Session({ ...alone, output: join(folder, 'paused out') });
  try {
    const hash = Buffer.from(infoHash).toString('hex');
    const [host, port] = seed.address.split(':');
    const peers = [{ host: host as string, port: Number(port) }];
    const added = await session.add(hash, { peers });
    await heard(added, 'metadata');
    await added.pause();
    await seed.stop();
    assert.deepEqual([added.state, added.name], ['paused', 'paused']);
    const known = heard(added, 'metadata');
    await added.resume();
    await known;
    while (added.state !== 'downloading') await heard(added, 'progress');
    assert.ok(added.stats.bytes < 400 * 20_011);
  } finally {
    await session.close();
    await seed.stop();
  }
});

/** Resolves at the next event of this type; rejects when the torrent ends before. */
function heard(torrent: Torrent, type: TorrentEvent['type']): Promise<void> {
  return new Promise((resolve, reject) => {
    torrent.completed.then(() => reject(new Error('complete')), reject);
    const off = torrent.on((event) => {
      if (event.type !== type) return;
      off();
      resolve();
    });
  });
}

test('a seed that only the DHT knows is found through the node of a peer without data (PORT)', async () => {
  const name = 'by port';
  madeSet(name);
  const torrent = join(folder, 'port.torrent');
  makeTorrent(join(folder, 'data', name), torrent, 15);
  const dht = await libtorrentDht(20);
  const request = { torrent, folder: join(folder, 'data'), scratch: folder };
  const seed = await libtorrentSeed({ ...request, settings: { enable_dht: true, dials: false } });
  const empty = join(folder, 'nothing');
  mkdirSync(empty);
  const idle = { ...request, folder: empty, settings: { enable_dht: true, idle: true } };
  const known = await libtorrentSeed(idle);
  try {
    const [host, port] = dht.address.split(':');
    for (const one of [seed, known]) await one.joinDht?.(host as string, Number(port));
    const output = join(folder, 'port out');
    const args = ['get', torrent, '-o', output, '--peer', known.address, '--dht-bootstrap', '127.0.0.1:1'];
    const run = await runCli(...args, '--json');
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(usefulSources(run.events), ['dht']);
  } finally {
    await Promise.all([known.stop(), seed.stop()]);
    await dht.stop();
  }
});

test('metadata is sent: libtorrent knows an info hash, and learns the rest from us', async () => {
  const name = 'served';
  const set = madeSet(name);
  const torrent = join(folder, 'served.torrent');
  const { infoHash } = makeAndLoad(set, torrent);
  const tracker = await openTracker(infoHash, folder);
  const tracked = join(folder, 'served-tracked.torrent');
  makeTorrent(set, tracked, 15, `http://127.0.0.1:${tracker.port}/announce`);
  const asker = await libtorrentMagnet(Buffer.from(infoHash).toString('hex'), folder);
  // It knows no peer, so it waits. Other peers may get the metadata meanwhile.
  const running = startCli(['get', tracked, '-o', join(folder, 'served out'), '--json']);
  try {
    const { port } = JSON.parse(await running.line((line) => line.includes('"listening"'))) as {
      port: number;
    };
    const learnt = asker.metadata();
    asker.connect?.('127.0.0.1', port);
    assert.equal(await learnt, name);
  } finally {
    running.child.kill('SIGINT');
    await Promise.all([running.ended, asker.stop(), tracker.stop()]);
  }
});

test('a magnet link with one peer without data: the other peers come from peer exchange alone', async () => {
  const name = 'by pex';
  const set = madeSet(name);
  const torrent = join(folder, 'pex.torrent');
  makeTorrent(set, torrent, 15);
  const base = { torrent, folder: join(folder, 'data'), scratch: folder };
  const settings = { close_redundant_connections: false };
  const seed = await libtorrentSeed({ ...base, settings: { ...settings, dials: false } });
  const known = await libtorrentSeed(
    { ...base, folder: join(folder, 'nothing'), settings: { ...settings, idle: true } },
    '127.0.0.3',
  );
  try {
    const [host, port] = seed.address.split(':');
    known.connect?.(host as string, Number(port));
    const output = join(folder, 'out');
    const hash = Buffer.from(loadTorrent(torrent).infoHash).toString('hex');
    const run = await runCli(
      'get',
      `magnet:?xt=urn:btih:${hash}`,
      '--peer',
      known.address,
      '-o',
      output,
      '--json',
    );
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(contentOf(join(output, name)), contentOf(set));
    assert.deepEqual(usefulSources(run.events), ['pex']);
  } finally {
    await seed.stop();
    await known.stop();
  }
});

describe('magnet links', { concurrency: 4 }, () => {
  for (const [client, { start }] of Object.entries(CLIENTS_AS_SEEDS)) {
    test(`${client}: tracker only`, async () => {
      const name = `from ${client}`;
      const set = madeSet(name);
      const torrent = join(folder, `${client}.torrent`);
      makeTorrent(set, torrent, 15);
      const { infoHash, info } = loadTorrent(torrent);
      assert.ok(info.length > 2 * 16_384, 'metadata of several parts');
      const tracker = await openTracker(infoHash, folder);
      const announce = `http://127.0.0.1:${tracker.port}/announce`;
      const tracked = join(folder, `${client} tracked.torrent`);
      makeTorrent(set, tracked, 15, announce);
      const data = join(folder, 'data');
      const settings = client === 'webtorrent' ? { tracker: true } : {};
      const seed = await start({ torrent: tracked, folder: data, scratch: folder, settings });
      try {
        await untilSeeded(tracker.port, infoHash);
        const saved = join(folder, `${client} saved.torrent`);
        const output = join(folder, 'out');
        const hash = Buffer.from(infoHash).toString('hex');
        const link = `magnet:?xt=urn:btih:${hash}&tr=${encodeURIComponent(announce)}`;
        const run = await runCli('get', link, '-o', output, '--save-torrent', saved, '--json');
        assert.equal(run.status, 0, run.stderr);
        assert.deepEqual(contentOf(join(output, name)), contentOf(set));
        assert.ok(
          run.events.some(({ type, searchMs }) => type === 'metadata' && typeof searchMs === 'number'),
        );
        assert.deepEqual(loadTorrent(saved).infoHash, infoHash);
        const inspected = await runCli('inspect', link, '--json');
        assert.equal(inspected.status, 0, inspected.stderr);
        assert.equal((inspected.events[0] as { files?: unknown[] }).files?.length, 400);
        assert.ok(Buffer.from(readFileSync(saved)).includes(announce));
        const summary = run.events.at(-1) as { wastedBytes?: number };
        assert.equal(summary.wastedBytes, 0, 'the connections of the search went on');
      } finally {
        await seed.stop();
        await tracker.stop();
      }
    });
  }
});
