/** From a source to a torrent or a magnet link: which source is what, and strings that no file system accepts. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TrackerNews } from '../../src/main/discovery/announcer.ts';
import { Discovery } from '../../src/main/discovery/discovery.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import { Failure } from '../../src/main/failure.ts';
import { HttpClient } from '../../src/main/network/http-client.ts';
import { mainHash } from '../../src/main/torrent/info-hash.ts';
import { parseMagnet } from '../../src/main/torrent/magnet.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { selectFiles } from '../../src/main/torrent/selection.ts';
import { openSource } from '../../src/main/torrent/source.ts';
import { expandSources } from '../../src/main/torrent/source-list.ts';
import { httpServer } from '../support/http-server.ts';
import { dict, int, list, str, torrentOf } from '../support/torrents.ts';

const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const MAGNET = `magnet:?xt=urn:btih:${HEX}&dn=x`;
const folder = mkdtempSync(join(tmpdir(), 'unchoke-source-'));
const http = new HttpClient({ proxy: null, localAddress: null });
after(() => {
  http.close();
  rmSync(folder, { recursive: true });
});

const hashOf = async (source: string): Promise<string> => {
  const opened = await openSource(source, http);
  assert.equal(opened.kind, 'magnet');
  return opened.kind === 'magnet' ? Buffer.from(mainHash(opened.magnet.hashes)).toString('hex') : '';
};

test('links, URLs and hashes are not paths, at any length and with any files in the folder', async () => {
  const long = `${MAGNET}${'&tr=udp://t:1'.repeat(200)}`;
  const url = `http://t.example/${'x'.repeat(5_000)}`;
  assert.deepEqual(expandSources([long, url, '-', HEX]), [long, url, '-', HEX]);
  const before = process.cwd();
  mkdirSync(join(folder, 'work', HEX), { recursive: true });
  process.chdir(join(folder, 'work'));
  try {
    assert.deepEqual(expandSources([HEX]), [HEX]);
    assert.equal(await hashOf(HEX), HEX);
    assert.equal(await hashOf('YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK'), HEX);
  } finally {
    process.chdir(before);
  }
});

test('a string that the file system refuses is a bad torrent, not a crash', async () => {
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  writeFileSync(join(folder, 'file'), 'x');
  for (const path of [
    'x'.repeat(256),
    'x/'.repeat(4_000),
    'nul\0byte',
    loop,
    '',
    join(folder, 'file', 'in'),
  ]) {
    assert.deepEqual(expandSources([path]), [path]);
    await assert.rejects(
      openSource(path, http),
      (error) => error instanceof Failure && error.exitStatus === 3 && error.message.length < 400,
      JSON.stringify(path.slice(0, 20)),
    );
    assert.throws(() => expandSources([`@${path}`]), Failure);
  }
});

test('the URL of a .torrent may lead to a magnet link: by a redirect, or as its text', async () => {
  const server = await httpServer((_, url) => {
    if (url.endsWith('redirect')) return { status: 302, location: MAGNET, body: Buffer.alloc(0) };
    if (url.endsWith('hop')) return { status: 301, location: '/redirect', body: Buffer.alloc(0) };
    if (url.endsWith('text')) return { body: Buffer.from(`${MAGNET}\n`) };
    if (url.endsWith('mail')) return { status: 302, location: 'mailto:x@y', body: Buffer.alloc(0) };
    if (url.endsWith('bad')) return { status: 302, location: 'magnet:?dn=x', body: Buffer.alloc(0) };
    return { body: torrentOf() };
  });
  const at = (name: string): string => server.announce.replace('announce', name);
  try {
    for (const name of ['redirect', 'hop', 'text']) assert.equal(await hashOf(at(name)), HEX, name);
    assert.equal((await openSource(at('torrent'), http)).kind, 'torrent');
    await assert.rejects(openSource(at('mail'), http), /it redirects to mailto:, which is not HTTP/);
    await assert.rejects(openSource(at('bad'), http), /not a usable magnet link/);
  } finally {
    await server.close();
  }
});

test('peers in a magnet link count as a stranger’s; --peer is the user', async () => {
  const linked = parseMagnet(
    `magnet:?xt=${HEX}&x.pe=127.0.0.1:1&x.pe=10.0.0.1:2&x.pe=[::1]:3&x.pe=8.8.8.8:4&x.pe=[2600::1]:5&x.pe=localhost:6`,
  ).peers;
  const told: string[] = [];
  const news: TrackerNews[] = [];
  const discoveryOf = (direct: boolean) =>
    new Discovery({
      infoHash: Buffer.from(HEX, 'hex'),
      peerId: Buffer.alloc(20),
      port: Promise.resolve(0),
      named: [{ host: '127.0.0.1', port: 7 }],
      linked,
      tiers: [],
      private: false,
      dht: false,
      nodes: [],
      lsd: false,
      http,
      shared: new SharedDiscovery({ dht: null, udp: direct ? { from: null } : null }),
      need: () => 'peers',
      progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      onPeers: (peers, source) => told.push(...peers.map(({ host, port }) => `${source} ${host} ${port}`)),
      onNews: (one) => news.push(one),
    });
  for (const direct of [true, false]) {
    told.length = 0;
    await discoveryOf(direct).start();
    assert.deepEqual(told.sort(), ['magnet 2600::1 5', 'magnet 8.8.8.8 4', 'user 127.0.0.1 7']);
  }
  assert.ok(news.every(({ tracker, text }) => tracker === 'magnet link' && text.includes('--peer')));
  assert.ok(news.length >= 2);
});

test('--select takes indices, then the exact name, then the name in another Unicode form, then globs', async () => {
  const names = [
    'a[1].bin',
    'a1.bin',
    'caf\u00e9',
    'cafe\u0301',
    'r\u00e9sum\u00e9',
    '2024',
    'd/a1.bin',
    '9,9',
  ];
  const files = list(
    ...names.map((name) => dict({ length: int(10), path: list(...name.split('/').map((one) => str(one))) })),
  );
  const info = { files, name: str('set'), 'piece length': int(16_384), pieces: str(Buffer.alloc(20)) };
  const metainfo = parseMetainfo(dict({ info: dict(info) }), 'test');
  const source = { kind: 'torrent', metainfo } as const;
  const selected = async (pattern: string) => [
    ...((await selectFiles(metainfo, source, [pattern], () => {})) ?? []),
  ];
  const cases: Record<string, number[]> = {
    'a[1].bin': [0],
    'a[12].bin': [1, 6],
    'd/a1.bin': [6],
    'd/*': [6],
    'caf\u00e9': [2],
    'cafe\u0301': [3],
    're\u0301sume\u0301': [4],
    'caf\u00e9*': [2, 3],
    '2024': [5],
    '5': [5],
    '0,2': [0, 2],
    '0-1, 4': [0, 1, 4],
    'a1.bin,2024': [1, 6, 5],
    '9,9': [7],
  };
  for (const [pattern, hits] of Object.entries(cases))
    assert.deepEqual(await selected(pattern), hits, pattern);
  await assert.rejects(
    selected('0,8'),
    /^Failure: --select 0,8: no file of set matches 8; see unchoke inspect$/,
  );
  await assert.rejects(selected('x'), /--select x: no file of set matches; see/);
});

test('files that a magnet link selects: those that do not exist are skipped and reported', async () => {
  const files = list(...['a', 'b', 'c'].map((name) => dict({ length: int(10), path: list(str(name)) })));
  const info = { files, name: str('set'), 'piece length': int(16_384), pieces: str(Buffer.alloc(20)) };
  const metainfo = parseMetainfo(dict({ info: dict(info) }), 'test');
  const selected = async (so: string, given: readonly string[] = []) => {
    const said: string[] = [];
    const magnet = parseMagnet(`magnet:?xt=${HEX}&so=${so}`);
    const found = await selectFiles(metainfo, { kind: 'magnet', magnet }, given, (text) => said.push(text));
    return [found === null ? null : [...found], ...said];
  };
  const skipped = (ranges: string): string =>
    `the magnet link selects files that do not exist; they were skipped: ${ranges}`;
  assert.deepEqual(await selected('0,2'), [[0, 2], 'selected: 2 of 3 files, 20 B (30 B in whole pieces)']);
  assert.deepEqual(await selected('1-2,0-1'), [[0, 1, 2], 'selected: 3 of 3 files, 30 B']);
  assert.deepEqual(await selected('1-7,9'), [
    [1, 2],
    skipped('1-7, 9'),
    'selected: 2 of 3 files, 20 B (30 B in whole pieces)',
  ]);
  assert.deepEqual(await selected('9'), [null, skipped('9')]);
  assert.deepEqual(await selected('9', ['b']), [[1], 'selected: 1 of 3 files, 10 B (30 B in whole pieces)']);
});

test('indices of a magnet link count padding, those of --select do not', async () => {
  const entry = (name: string, attributes = {}) =>
    dict({ ...attributes, length: int(10), path: list(str(name)) });
  const files = list(entry('a'), entry('pad', { attr: str('p') }), entry('b'), entry('c'));
  const info = { files, name: str('set'), 'piece length': int(16_384), pieces: str(Buffer.alloc(20)) };
  const metainfo = parseMetainfo(dict({ info: dict(info) }), 'test');
  const selected = async (so: string, given: readonly string[] = []) => {
    const magnet = parseMagnet(`magnet:?xt=${HEX}&so=${so}`);
    const found = await selectFiles(metainfo, { kind: 'magnet', magnet }, given, () => {});
    return found === null ? null : [...found];
  };
  assert.deepEqual(await selected('2'), [1]);
  assert.deepEqual(await selected('1-2'), [1]);
  assert.deepEqual(await selected('3'), [2]);
  assert.deepEqual(await selected('2', ['2']), [2]);
});
