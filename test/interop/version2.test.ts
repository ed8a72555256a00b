/**
 * Torrents of version 2 and hybrids (BEP 52) with libtorrent, the only other client that has them: what it makes we download from it,
 * what we have it downloads from us, also from magnet links without piece layers, and broken torrents.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { magnetLink } from '../../src/main/torrent/magnet-link.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech, type Partner, webtorrentLeech } from '../support/leeches.ts';
import { MALFORMED } from '../support/malformed-version2.ts';
import { ourSeed } from '../support/our-seed.ts';
import { ROOT } from '../support/paths.ts';
import { libtorrentSeed, libtorrentTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';
import { openTracker, untilSeeded } from '../support/tracker.ts';
import { withLayers } from '../support/version2-torrents.ts';

checkLeaksAtEnd();
const CLIENTS = join(ROOT, 'test', 'interop', 'clients');
const PYTHON = '/usr/bin/python3';
const PIECE = 32_768;
const folder = temporaryFolder();
const data = join(folder, 'data');
const set = join(data, 'set');
/** More than one part of a piece layer, files of one piece and of just one piece, an empty file, a file of one byte. */
for (const [path, length] of Object.entries({
  'a/long': 600 * PIECE + 5,
  'a/empty': 0,
  'b/exact': PIECE,
  'b/two': 2 * PIECE,
  'c ünï': 20_000,
  z: 1,
})) {
  mkdirSync(join(set, path, '..'), { recursive: true });
  writeFileSync(join(set, path), randomBytes(length));
}

function madeByLibtorrent(version: 'v2' | 'hybrid', source = set): string {
  const torrent = join(folder, `${version} ${basename(source)}.torrent`);
  libtorrentTorrent(source, torrent, version, PIECE);
  return torrent;
}

const TORRENTS = { v2: madeByLibtorrent('v2'), hybrid: madeByLibtorrent('hybrid') };

/** Magnet links as people may get them: a hybrid by both of its hashes, or by one alone. */
function links(torrent: string): Readonly<Record<string, string>> {
  const link = magnetLink(loadTorrent(torrent));
  const without = (kind: string): string => link.replace(new RegExp(`xt=urn:${kind}:[0-9a-f]+&`), '');
  return link.includes('btih')
    ? { 'both hashes': link, 'version 2 alone': without('btih'), 'version 1 alone': without('btmh') }
    : { 'version 2 alone': link };
}

const layersIn = (torrent: string): Buffer => {
  const bytes = readFileSync(torrent);
  return bytes.subarray(bytes.indexOf('12:piece layers'));
};

// libtorrent's own numbers: policy 0 is forced, 2 is disabled; level 2 is RC4.
const RC4 = { out_enc_policy: 0, in_enc_policy: 0, allowed_enc_level: 2, prefer_rc4: true };
const PLAIN = { out_enc_policy: 2, in_enc_policy: 2 };
const TCP = { enable_outgoing_utp: false, enable_incoming_utp: false };
const UTP = { enable_outgoing_tcp: false, enable_incoming_tcp: false };
const WAYS: Readonly<Record<string, [settings: object, how: Partial<Partner>]>> = {
  TCP: [
    { ...TCP, ...PLAIN },
    { utp: false, rc4: false },
  ],
  'TCP behind RC4': [
    { ...TCP, ...RC4 },
    { utp: false, rc4: true },
  ],
  uTP: [
    { ...UTP, ...PLAIN },
    { utp: true, rc4: false },
  ],
};

test('broken torrents: libtorrent says what the table says', () => {
  const input = MALFORMED.map(({ bytes }) => `${bytes.toString('base64')}\n`).join('');
  const run = spawnSync(PYTHON, [join(CLIENTS, 'libtorrent-reads.py')], { input, encoding: 'utf8' });
  const said = run.stdout.trim().split('\n');
  assert.deepEqual(
    said.map((line, i) => `${MALFORMED[i]?.what}: ${line.split(':')[0]}`),
    MALFORMED.map(({ what, libtorrent }) => `${what}: ${libtorrent}`),
  );
});

for (const [kind, torrent] of Object.entries(TORRENTS)) {
  describe(`${kind}: from libtorrent`, { concurrency: 2 }, () => {
    const fetched = async (source: string, output: string, settings: object): Promise<void> => {
      const place = join(folder, output);
      await withStarted(async (keep) => {
        const seed = await keep(
          libtorrentSeed({ torrent, folder: data, scratch: folder, settings: { ...settings } }),
        );
        const run = await runCli(
          'get',
          source,
          '-o',
          place,
          '--peer',
          seed.address,
          '--utp-is-wanted',
          '--json',
        );
        assert.equal(run.status, 0, run.stderr);
      });
      assert.deepEqual(contentOf(join(place, 'set')), contentOf(set));
    };

    for (const [way, [settings]] of Object.entries(WAYS))
      test(`over ${way}`, () => fetched(torrent, `${kind} ${way}`, settings));

    for (const [what, link] of Object.entries(links(torrent)))
      test(`from a link with ${what}; the saved torrent is whole`, async () => {
        const saved = join(folder, `${kind} ${what}.torrent`);
        const place = join(folder, `${kind} ${what}`);
        await withStarted(async (keep) => {
          const seed = await keep(libtorrentSeed({ torrent, folder: data, scratch: folder }));
          const more = ['--peer', seed.address, '--save-torrent', saved, '--json'];
          const run = await runCli('get', link, '-o', place, ...more);
          assert.equal(run.status, 0, run.stderr);
        });
        assert.deepEqual(contentOf(join(place, 'set')), contentOf(set));
        const verified = await runCli('verify', saved, place);
        assert.equal(verified.status, 0, verified.stderr);
      });
  });

  for (const kept of [0, 1])
    test(`${kind}: from a .torrent with ${kept} of its piece layers, by libtorrent and by us; the saved torrent is whole`, async () => {
      const name = `${kind} with ${kept} layers`;
      const [bare, saved] = [join(folder, `${name}.torrent`), join(folder, `${name}, saved.torrent`)];
      writeFileSync(bare, withLayers(readFileSync(torrent), kept));
      const [ours, theirs] = [join(folder, name), join(folder, 'out', name)];
      mkdirSync(theirs, { recursive: true });
      await withStarted(async (keep) => {
        const seed = await keep(libtorrentSeed({ torrent, folder: data, scratch: folder, settings: TCP }));
        const run = await runCli(
          'get',
          bare,
          '-o',
          ours,
          '--peer',
          seed.address,
          '--save-torrent',
          saved,
          '--json',
        );
        assert.equal(run.status, 0, run.stderr);
        const { port } = await keep(ourSeed(bare, ours, '--no-trackers'));
        const leech = await keep(libtorrentLeech({ torrent: bare }, theirs, TCP));
        leech.connect('127.0.0.1', port);
        await leech.complete();
      });
      for (const place of [ours, theirs]) assert.deepEqual(contentOf(join(place, 'set')), contentOf(set));
      assert.equal((await runCli('verify', bare, ours)).status, 0);
      // A hybrid may be complete before its layers are: it does not need them.
      if (kind === 'v2') assert.deepEqual(layersIn(saved), layersIn(torrent));
    });

  describe(`${kind}: to libtorrent`, { concurrency: 2 }, () => {
    const copied = (name: string): string => {
      const copy = join(folder, 'copies', `${kind} ${name}`);
      cpSync(data, copy, { recursive: true });
      return copy;
    };
    const given = async (
      name: string,
      source: { torrent: string } | { magnet: string },
      settings: object,
      how: Partial<Partner>,
    ): Promise<void> => {
      const output = join(folder, 'out', `${kind} ${name}`);
      mkdirSync(output, { recursive: true });
      await withStarted(async (keep) => {
        const { port } = await keep(ourSeed(torrent, copied(name), '--no-trackers', '--utp-is-wanted'));
        const leech = await keep(libtorrentLeech(source, output, { ...settings }));
        leech.connect('127.0.0.1', port);
        const partners = await leech.partners();
        assert.ok(partners.length > 0);
        for (const partner of partners) assert.deepEqual({ ...partner, ...how }, partner);
      });
      assert.deepEqual(contentOf(join(output, 'set')), contentOf(set));
    };

    for (const [way, [settings, how]] of Object.entries(WAYS))
      test(`over ${way}`, () => given(way, { torrent }, settings, how));

    for (const [what, magnet] of Object.entries(links(torrent)))
      test(`from a link with ${what}`, () => given(what, { magnet }, TCP, {}));
  });
}

test('a hybrid in a mixed swarm: one client knows it by version 1, one by version 2, and both get it from us', async () => {
  const copy = join(folder, 'copies', 'mixed');
  cpSync(data, copy, { recursive: true });
  const torrent = TORRENTS.hybrid;
  const { infoHash, version2 } = loadTorrent(torrent);
  assert.ok(version2 !== null);
  await withStarted(async (keep) => {
    const tracker = await keep(openTracker([infoHash, version2.infoHash.subarray(0, 20)], folder));
    const announce = `http://127.0.0.1:${tracker.port}/announce`;
    const old = join(folder, 'out', 'mixed 1');
    const news = join(folder, 'out', 'mixed 2');
    for (const place of [old, news]) mkdirSync(place, { recursive: true });
    const seed = await keep(ourSeed(torrent, copy, '--tracker', announce));
    await untilSeeded(tracker.port, infoHash);
    await untilSeeded(tracker.port, version2.infoHash.subarray(0, 20));
    // aria2 makes a wrong info hash of a hybrid, because it writes it anew, and transmission 3 reads none.
    const webtorrent = await keep(webtorrentLeech({ torrent, folder: old, scratch: folder }));
    webtorrent.connect('127.0.0.1', seed.port);
    const link = `${links(torrent)['version 2 alone']}&tr=${encodeURIComponent(announce)}`;
    const libtorrent = await keep(libtorrentLeech({ magnet: link }, news));
    await webtorrent.complete();
    await libtorrent.complete();
    const run = await seed.stop();
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(contentOf(join(news, 'set')), contentOf(set));
    // It takes padding for files, and makes no empty ones.
    const files = Object.entries(contentOf(join(old, 'set'))).filter(([path]) => !path.startsWith('.pad/'));
    const { 'a/empty': _, ...filled } = contentOf(set);
    assert.deepEqual(Object.fromEntries(files), filled);
  });
});

test('two of us: a link of version 2 alone, with the piece layers from us', async () => {
  const output = join(folder, 'from us');
  const copy = join(folder, 'copies', 'for us');
  cpSync(data, copy, { recursive: true });
  await withStarted(async (keep) => {
    const { port } = await keep(ourSeed(TORRENTS.v2, copy, '--no-trackers'));
    const link = magnetLink(loadTorrent(TORRENTS.v2));
    const run = await runCli('get', link, '-o', output, '--peer', `127.0.0.1:${port}`, '--json');
    assert.equal(run.status, 0, run.stderr);
  });
  assert.deepEqual(contentOf(join(output, 'set')), contentOf(set));
});

test('the padding after the files of a hybrid is not fetched', async () => {
  const files = 20;
  const small = join(data, 'small');
  mkdirSync(small);
  for (let i = 0; i < files; i++) writeFileSync(join(small, `${i}`), randomBytes(100 + i));
  const torrent = madeByLibtorrent('hybrid', small);
  const place = join(folder, 'small of a hybrid');
  await withStarted(async (keep) => {
    const seed = await keep(libtorrentSeed({ torrent, folder: data, scratch: folder }));
    const run = await runCli('get', torrent, '-o', place, '--peer', seed.address, '--json');
    assert.equal(run.status, 0, run.stderr);
    // A piece has two blocks: one with the file, and one that is only padding.
    assert.equal(await seed.givenBytes?.(), files * 16_384);
  });
  assert.deepEqual(contentOf(join(place, 'small')), contentOf(small));
});
