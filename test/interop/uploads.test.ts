/** Real clients download everything from us: over each transport, by a magnet link, and each client as it finds us. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import {
  aria2Leech,
  type LeechRequest,
  libtorrentLeech,
  type Partner,
  transmissionLeech,
  webtorrentLeech,
} from '../support/leeches.ts';
import { listingTracker } from '../support/listing-tracker.ts';
import { type OurSeed, ourSeed } from '../support/our-seed.ts';
import { makeTorrent } from '../support/seeds.ts';
import { type Keep, withStarted } from '../support/started.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const name = 'many files';
for (const [path, length] of Object.entries({
  'a/one.txt': 5,
  'a/b/two ünï.bin': 1_500_000,
  'three.bin': 5 * 2 ** 20,
  'z/last': 77_777,
})) {
  mkdirSync(join(data, name, path, '..'), { recursive: true });
  writeFileSync(join(data, name, path), randomBytes(length));
}
const torrent = join(folder, 'many.torrent');
makeTorrent(join(data, name), torrent, 16);
const { infoHash } = loadTorrent(torrent);
const magnet = `magnet:?xt=urn:btih:${Buffer.from(infoHash).toString('hex')}`;

interface Scene {
  readonly keep: Keep;
  /** An empty folder for the leech. */
  readonly output: string;
  /** Our seed, which gives a copy of its own: one run has the place. */
  seed(of: string, ...options: readonly string[]): Promise<OurSeed>;
}

/** What the leech got is compared with what we have. Our seed ends in order, and says what it gave. */
function uploads(title: string, work: (scene: Scene) => Promise<void>): void {
  test(title, () =>
    withStarted(async (keep) => {
      const output = join(folder, 'out', title);
      const copy = join(folder, 'copies', title);
      mkdirSync(output, { recursive: true });
      cpSync(data, copy, { recursive: true });
      const seeds: OurSeed[] = [];
      const seed = async (of: string, ...options: readonly string[]): Promise<OurSeed> => {
        const one = await keep(ourSeed(of, copy, ...options));
        seeds.push(one);
        return one;
      };
      await work({ keep, output, seed });
      assert.deepEqual(contentOf(join(output, name)), contentOf(join(data, name)));
      for (const one of seeds) {
        const run = await one.stop();
        assert.equal(run.status, 0, run.stderr);
        const seeded = run.events.find(({ type }) => type === 'seeded');
        assert.ok(Number(seeded?.['ratio']) >= 1, JSON.stringify(seeded));
      }
    }),
  );
}

// libtorrent's own numbers: policy 0 is forced, 2 is disabled; level 2 is RC4.
const RC4 = { out_enc_policy: 0, in_enc_policy: 0, allowed_enc_level: 2, prefer_rc4: true };
const PLAIN = { out_enc_policy: 2, in_enc_policy: 2 };
const TCP = { enable_outgoing_utp: false, enable_incoming_utp: false };
const UTP = { enable_outgoing_tcp: false, enable_incoming_tcp: false };

describe('libtorrent', { concurrency: 2 }, () => {
  const cases: Record<string, [settings: object, how: Partial<Partner>, us: string, them: string]> = {
    'over TCP': [{ ...TCP, ...PLAIN }, { utp: false, rc4: false }, '127.0.0.1', '127.0.0.9'],
    'over uTP': [{ ...UTP, ...PLAIN }, { utp: true, rc4: false }, '127.0.0.1', '127.0.0.9'],
    'behind RC4': [{ ...TCP, ...RC4 }, { utp: false, rc4: true }, '127.0.0.1', '127.0.0.9'],
    'over uTP, behind RC4': [{ ...UTP, ...RC4 }, { utp: true, rc4: true }, '127.0.0.1', '127.0.0.9'],
    'over IPv6': [{ ...TCP, ...PLAIN }, { utp: false, rc4: false }, '::1', '::1'],
    'over IPv6 and uTP': [{ ...UTP, ...PLAIN }, { utp: true, rc4: false }, '::1', '::1'],
  };
  for (const [how, [settings, expected, us, them]] of Object.entries(cases))
    uploads(how, async ({ keep, output, seed }) => {
      const { port } = await seed(torrent, '--no-trackers', '--utp-is-wanted');
      const leech = await keep(libtorrentLeech({ torrent }, output, { ...settings }, them));
      leech.connect(us, port);
      const partners = await leech.partners();
      assert.ok(partners.length > 0);
      for (const partner of partners) {
        assert.match(partner.client, /unchoke/i);
        assert.deepEqual({ ...partner, ...expected }, partner);
      }
    });

  uploads('from a magnet link: the metadata comes from us as well', async ({ keep, output, seed }) => {
    const { port } = await seed(torrent, '--no-trackers');
    const leech = await keep(libtorrentLeech({ magnet }, output));
    leech.connect('127.0.0.1', port);
    await leech.complete();
  });

  uploads('which we dial', async ({ keep, output, seed }) => {
    const leech = await keep(libtorrentLeech({ torrent }, output));
    await seed(torrent, '--no-trackers', '--peer', leech.address);
    await leech.complete();
  });
});

describe('through a tracker', { concurrency: 2 }, () => {
  const clients = {
    aria2: aria2Leech,
    'aria2, RC4 required': (request: LeechRequest) =>
      aria2Leech({ ...request, settings: { 'bt-require-crypto': true, 'bt-min-crypto-level': 'arc4' } }),
    webtorrent: (request: LeechRequest) => webtorrentLeech({ ...request, settings: { tracker: true } }),
  };
  for (const [client, start] of Object.entries(clients))
    uploads(client, async ({ keep, output, seed }) => {
      const tracker = await keep(listingTracker());
      const tracked = join(folder, `${client}.torrent`);
      makeTorrent(join(data, name), tracked, 16, tracker.url);
      const { port } = await seed(tracked);
      const told = await tracker.heard(({ left }) => left === 0);
      assert.equal(told.port, port);
      const leech = await keep(start({ torrent: tracked, folder: output, scratch: folder }));
      await leech.complete();
    });
});

uploads('webtorrent, which dials us', async ({ keep, output, seed }) => {
  const { port } = await seed(torrent, '--no-trackers');
  const leech = await keep(webtorrentLeech({ torrent, folder: output, scratch: folder }));
  leech.connect('127.0.0.1', port);
  await leech.complete();
});

describe('transmission, which we dial', { concurrency: 3 }, () => {
  for (const [how, settings, more] of [
    ['transmission over TCP', {}, []],
    ['transmission behind RC4', { encryption: 2 }, []],
    ['transmission, over uTP or TCP', { 'utp-enabled': true }, ['--utp-is-wanted']],
  ] as const)
    uploads(how, async ({ keep, output, seed }) => {
      const leech = await keep(transmissionLeech({ torrent, folder: output, scratch: folder, settings }));
      await seed(torrent, '--no-trackers', ...more, '--peer', leech.address);
      await leech.complete();
    });
});
