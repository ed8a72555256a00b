/** Data from other clients is found under their names; and libtorrent finds ours. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ROOT } from '../support/paths.ts';
import { libtorrentSeed } from '../support/seeds.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeTorrent, madeTorrent, type TorrentSeed, torrentSeed } from '../support/torrent-seed.ts';

const execute = promisify(execFile);
const folder = temporaryFolder();

/** Names that clients keep, and names that some of them change. */
const kept = [
  ...[
    'Part 1: end.txt',
    'what?',
    'the "x"',
    'a|b',
    'a*b',
    '<x>',
    'Vol. 1.',
    'x ',
    'con',
    'aux.txt',
    '...',
    '.hidden',
  ],
  ...['caf\u00e9', 'cafe\u0301', 'Ünï', `${'n'.repeat(200)}.txt`, 'sub./in '],
];
const mended = [
  ...[
    'a\\b',
    'test\u202egpj',
    'te\u200est',
    'a\x1bb',
    '\x7f',
    'bad\udc80utf8.txt',
    'bad\udce9\udce8 x.txt',
    'b\x1bd/in',
  ],
  ...['ReadMe.md', 'readme.md', 'Folder/x', 'folder/x', `${'m'.repeat(251)}.mkv`, 'l'.repeat(255)],
];
const impossible = [
  '',
  'x//y',
  'x/../y',
  'x/./z',
  '..',
  '.',
  'f',
  'f/in',
  'a\0b',
  'a\nb',
  `${'k'.repeat(300)}.mkv`,
  `${'k'.repeat(301)}.mkv`,
];

const PIECE = 16_384;
const made = (name: string, ...paths: string[]): MadeTorrent =>
  madeTorrent(
    paths.map((path) => ({ path, bytes: randomBytes(1_000) })),
    PIECE,
    name,
  );
const torrents: Record<string, MadeTorrent> = {
  all: made('My: Folder\udcff', ...kept, ...mended, ...impossible),
  nameless: made('..', 'x', 'y/z'),
  aria2: made('My: Folder\udcff', ...kept, ...mended),
  ours: made('Our: Folder.', ...kept),
};
const seeds: Record<string, TorrentSeed> = {};
before(async () => {
  for (const [i, name] of Object.keys(torrents).entries())
    seeds[name] = await torrentSeed(torrents[name] as MadeTorrent, `127.0.0.${20 + i}`);
});
after(() => Promise.all(Object.values(seeds).map((seed) => seed.close())));
// After the hook above: hooks run in order.
checkLeaksAtEnd();

async function assertFound(name: string, output: string, torrent: string): Promise<void> {
  const run = await runCli('verify', torrent, output);
  assert.equal(run.status, 0, `${name}: ${run.stdout}${run.stderr}`);
}

for (const name of ['all', 'nameless']) {
  test(`a download of libtorrent is found: ${name}`, async () => {
    const output = join(folder, `libtorrent-${name}`);
    const torrent = writeTo(folder, `${name}.torrent`, (torrents[name] as MadeTorrent).torrent);
    const script = join(ROOT, 'test', 'interop', 'clients', 'libtorrent-get.py');
    const [host = '', port = ''] = (seeds[name]?.address ?? '').split(':');
    await execute('/usr/bin/python3', [script, torrent, output, host, port], { timeout: 60_000 });
    await assertFound(name, output, torrent);
  });
}

test('a download of aria2 is found', async () => {
  const [host = '', port = ''] = (seeds['aria2']?.address ?? '').split(':');
  const peer = Buffer.from([...host.split('.').map(Number), Number(port) >> 8, Number(port) & 0xff]);
  const tracker = createServer((_, response) => {
    response.setHeader('connection', 'close');
    response.end(Buffer.concat([Buffer.from('d8:intervali60e5:peers6:'), peer, Buffer.from('e')]));
  });
  await new Promise<void>((resolve) => tracker.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const announce = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/announce`;
  const output = join(folder, 'aria2');
  const torrent = writeTo(folder, 'aria2.torrent', torrents['aria2']?.torrent ?? Buffer.alloc(0));
  const off = ['--no-conf=true', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false'];
  const how = [`--bt-tracker=${announce}`, '--seed-time=0', `--dir=${output}`, '--file-allocation=none'];
  await execute('aria2c', [...off, ...how, '--interface=127.0.0.1', torrent], { timeout: 60_000 });
  tracker.close();
  await assertFound('aria2', output, torrent);
});

test('libtorrent finds our download and seeds it', async () => {
  const output = join(folder, 'ours');
  const torrent = writeTo(folder, 'ours.torrent', torrents['ours']?.torrent ?? Buffer.alloc(0));
  const run = await runCli(
    ...['get', torrent, '-o', output, '--no-trackers', '--peer', seeds['ours']?.address ?? ''],
  );
  assert.equal(run.status, 0, run.stderr);
  const seed = await libtorrentSeed({ torrent, folder: output, scratch: folder });
  await seed.stop();
});
