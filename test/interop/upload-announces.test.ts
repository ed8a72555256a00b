/** What the world hears of us while we give: trackers the truth, and of a private torrent nobody but its tracker anything. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech } from '../support/leeches.ts';
import { listingTracker, type Told } from '../support/listing-tracker.ts';
import { ourGet, ourSeed } from '../support/our-seed.ts';
import { rawLeech } from '../support/raw-leech.ts';
import { libtorrentSeed, makePrivateTorrent, makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';
import { wire } from '../support/wire-bytes.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const BYTES = 3 * 2 ** 20 + 77;
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(BYTES));

function place(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

const events = (told: readonly Told[]): string[] =>
  told.map(({ event }) => event).filter((event) => event !== '');

test('a tracker hears true numbers: of a download and of what it gave then, `completed` once', () =>
  withStarted(async (keep) => {
    const tracker = await keep(listingTracker(1));
    const torrent = join(folder, 'tracked.torrent');
    makeTorrent(join(data, 'file.bin'), torrent, 16, tracker.url);
    const untracked = join(folder, 'untracked.torrent');
    makeTorrent(join(data, 'file.bin'), untracked, 16);
    const seed = await keep(libtorrentSeed({ torrent: untracked, folder: data, scratch: folder }));
    const us = await keep(ourGet(torrent, place('loaded'), '--seed', '--no-pex', '--peer', seed.address));
    await us.complete();
    await seed.stop();
    const leech = await keep(libtorrentLeech({ torrent: untracked }, place('of the loaded')));
    leech.connect('127.0.0.1', us.port);
    await leech.complete();
    assert.equal((await us.stop()).status, 0);
    const { told } = tracker;
    assert.deepEqual(events(told), ['started', 'completed', 'stopped']);
    const [first, last] = [told[0], told.at(-1)];
    assert.deepEqual([first?.uploaded, first?.downloaded, first?.left], [0, 0, BYTES]);
    assert.deepEqual(
      [last?.event, last?.uploaded, last?.downloaded, last?.left],
      ['stopped', BYTES, BYTES, 0],
    );
    const completed = told.find(({ event }) => event === 'completed');
    assert.deepEqual([completed?.downloaded, completed?.left, completed?.port], [BYTES, 0, us.port]);
    for (const [i, { uploaded }] of told.entries()) assert.ok(uploaded >= (told[i - 1]?.uploaded ?? 0));
  }));

test('where the data was there already, no `completed` is sent; `stopped` says what was given', () =>
  withStarted(async (keep) => {
    const tracker = await keep(listingTracker(1));
    const torrent = join(folder, 'there.torrent');
    makeTorrent(join(data, 'file.bin'), torrent, 16, tracker.url);
    const copy = place('there');
    cpSync(data, copy, { recursive: true });
    const us = await keep(ourSeed(torrent, copy));
    await tracker.heard(({ left }) => left === 0);
    // It announces itself to the same tracker.
    const leech = await keep(libtorrentLeech({ torrent }, place('of the there')));
    await leech.complete();
    await us.stop();
    const told = tracker.told.filter(({ port }) => port === us.port);
    assert.deepEqual(events(told), ['started', 'stopped']);
    const last = told.at(-1);
    assert.deepEqual([last?.uploaded, last?.downloaded, last?.left], [BYTES, 0, 0]);
    assert.ok(told.every(({ left }) => left === 0));
  }));

test('a goal that is reached ends the run: the last bytes arrive, and the tracker hears of it', () =>
  withStarted(async (keep) => {
    const tracker = await keep(listingTracker(1));
    const torrent = join(folder, 'goal.torrent');
    makeTorrent(join(data, 'file.bin'), torrent, 16, tracker.url);
    const copy = place('goal');
    cpSync(data, copy, { recursive: true });
    const us = await keep(ourSeed(torrent, copy, '--seed-ratio', '1'));
    const leech = await keep(libtorrentLeech({ torrent }, place('of the goal')));
    leech.connect('127.0.0.1', us.port);
    const [run] = await Promise.all([us.running.ended, leech.complete()]);
    assert.equal(run.status, 0, run.stderr);
    const last = tracker.told.filter(({ port }) => port === us.port).at(-1);
    assert.deepEqual([last?.event, last?.uploaded], ['stopped', BYTES]);
  }));

/** A DHT node that answers nothing and counts who asks. */
async function countingNode() {
  const socket = createSocket('udp4');
  let packets = 0;
  let heard: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    heard = resolve;
  });
  socket.on('message', () => {
    packets += 1;
    heard();
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    first,
    packets: () => packets,
    stop: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

for (const isPrivate of [true, false])
  test(`a ${isPrivate ? 'private' : 'public'} torrent that we give: DHT, and peers for peers: ${isPrivate ? 'no' : 'yes'}`, () =>
    withStarted(async (keep) => {
      const tracker = await keep(listingTracker(1));
      const torrent = join(folder, `private ${isPrivate}.torrent`);
      const make = isPrivate ? makePrivateTorrent : makeTorrent;
      make(join(data, 'file.bin'), torrent, 16, tracker.url);
      assert.equal(loadTorrent(torrent).private, isPrivate);
      const node = await keep(countingNode());
      const copy = place(`private ${isPrivate}`);
      cpSync(data, copy, { recursive: true });
      // One that we dial, so that it could be named to others. It still wants something, else a seed has no use for it.
      const untracked = join(folder, `untracked ${isPrivate}.torrent`);
      make(join(data, 'file.bin'), untracked, 16, 'http://127.0.0.1:9/announce');
      const slow = { download_rate_limit: 1_024 };
      const known = await keep(libtorrentLeech({ torrent: untracked }, place(`known ${isPrivate}`), slow));
      const us = await keep(
        ourSeed(
          torrent,
          copy,
          '--upload-limit',
          '24K',
          '--dht-bootstrap',
          node.address,
          '--peer',
          known.address,
        ),
      );
      const { infoHash } = loadTorrent(torrent);
      await us.running.line((line) => line.includes('"choked":1'));
      const asks = await keep(rawLeech(us.port, infoHash, { extended: 'd1:md6:ut_pexi1eee' }));
      await asks.unchoked();
      await asks.until(() => asks.extended.length > 0);
      if (!isPrivate) {
        await node.first;
        await asks.until(() => asks.extended.length > 1);
      }
      // At this rate it takes some seconds: in the first of them peer exchange would have come.
      const blocks = [0, 1, 2, 3].flatMap((block) =>
        [0, 1].map((piece) => wire.request(piece, block * 16_384, 16_384)),
      );
      const asked = performance.now();
      asks.socket.write(Buffer.concat(blocks));
      await asks.until(() => asks.blockBytes === blocks.length * 16_384);
      assert.ok(performance.now() - asked > 3_000);
      const offer = asks.extended[0] ?? '';
      assert.equal(/ut_pex/.test(offer), !isPrivate, offer);
      assert.equal(asks.extended.length > 1, !isPrivate);
      assert.equal(node.packets() > 0, !isPrivate);
      await us.stop();
    }));
