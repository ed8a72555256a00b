/** Web seeds (BEP 19) from a real HTTP server, nginx. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { nginx as nginxFor } from '../support/nginx.ts';
import { libtorrentSeed } from '../support/seeds.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const www = join(folder, 'www');
const set = join(www, 'my set');
mkdirSync(join(set, 'ä b'), { recursive: true });
for (let i = 0; i < 40; i++)
  writeFileSync(join(set, 'ä b', `file #${i}%41.bin`), randomBytes(70_001 + 977 * i));
writeFileSync(join(set, 'large.bin'), randomBytes(9 * 2 ** 20 + 1));
writeFileSync(join(set, 'empty.nfo'), '');

const nginx = (limit = '0', more = '') => nginxFor(folder, www, limit, more);

function torrentWith(name: string, source: string, ...webSeeds: string[]): string {
  const torrent = join(folder, `${name}.torrent`);
  const urls = webSeeds.flatMap((url) => ['-w', url]);
  const made = spawnSync('mktorrent', ['-l', '16', ...urls, '-o', torrent, source], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  return torrent;
}

test('many files from a web seed alone, over few connections that stay open', async () => {
  const server = await nginx();
  try {
    const output = join(folder, 'folder');
    const run = await runCli('get', torrentWith('folder', set, `${server.base}/`), '-o', output, '--json');
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(contentOf(join(output, 'my set')), contentOf(set));
    const log = server.log();
    assert.ok(log.every(([, status]) => status === '206'));
    const connections = new Set(log.map(([connection]) => connection)).size;
    assert.ok(connections <= 8, `${connections} connections for ${log.length} requests`);
    assert.ok(log.length >= 41);
  } finally {
    await server.stop();
  }
});

test('one file, by the URL of the file itself and by that of its folder, over a redirect', async () => {
  const server = await nginx();
  try {
    for (const [name, url] of [
      ['itself', `${server.base}/my%20set/large.bin`],
      ['its folder', `${server.base}/my%20set/`],
      ['redirected', `${server.base}/moved/my%20set/large.bin`],
    ] as const) {
      const output = join(folder, name);
      const run = await runCli('get', torrentWith(name, join(set, 'large.bin'), url), '-o', output);
      assert.equal(run.status, 0, run.stderr);
      assert.deepEqual(contentOf(join(output, 'large.bin')), contentOf(join(set, 'large.bin')));
    }
  } finally {
    await server.stop();
  }
});

test('a web seed and a peer share the work', async () => {
  // The peer lacks most of the large file, and the web seed is too slow for all of the rest.
  const partial = join(folder, 'partial');
  cpSync(set, join(partial, 'my set'), { recursive: true });
  truncateSync(join(partial, 'my set', 'large.bin'), 2 ** 20);
  const server = await nginx('1m');
  const torrent = torrentWith('shared', set, `${server.base}/`);
  const seed = await libtorrentSeed({
    // The same info hash without the web seed, because the peer would use it as well.
    torrent: torrentWith('shared-plain', set),
    folder: partial,
    scratch: folder,
    settings: { partial: true },
  });
  try {
    const output = join(folder, 'shared');
    const args = ['-o', output, '--json', '--memory', '2M', '--no-trackers', '--peer', seed.address];
    const run = await runCli('get', torrent, ...args);
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(contentOf(join(output, 'my set')), contentOf(set));
    const summary = run.events.at(-1) as { webSeeds: { bytes: number }[]; blockBytes: number };
    const fetched = summary.webSeeds[0]?.bytes ?? 0;
    assert.ok(fetched >= 8 * 2 ** 20, `${fetched} bytes from the web seed`);
    assert.ok(summary.blockBytes > 0, `${summary.blockBytes} bytes from the peer`);
  } finally {
    await seed.stop();
    await server.stop();
  }
});

test('servers that limit, redirect, compress or support no ranges still send everything', async () => {
  for (const [name, limit, more] of [
    ['one connection only', '8m', 'limit_conn all 1;'],
    ['few requests', '0', 'limit_req zone=rate burst=2 nodelay; limit_req_status 429;'],
    ['no ranges', '0', 'max_ranges 0;'],
    ['packed', '0', 'gzip_static always;'],
    [
      'other place',
      '0',
      `location /my { return 302 /elsewhere$uri; } location /elsewhere/ { alias ${www}/; }`,
    ],
  ] as const) {
    const server = await nginx(limit, more);
    try {
      const output = join(folder, name);
      const source = name === 'packed' ? packedSet() : join(set, 'large.bin');
      const url = name === 'packed' ? `${server.base}/` : `${server.base}/my%20set/large.bin`;
      const run = await runCli('get', torrentWith(name, source, url), '-o', output, '--no-dht', '--json');
      assert.equal(run.status, 0, `${name}: ${run.stderr}`);
      assert.deepEqual(contentOf(join(output, basename(source))), contentOf(source), name);
      const log = server.log().filter(([, , , path]) => path !== '/');
      const statuses = new Set(log.map(([, status]) => status));
      if (name === 'one connection only') assert.ok(statuses.has('503'), 'the fault fired');
      if (name === 'few requests') assert.ok(statuses.has('429'), 'the fault fired');
      if (name === 'no ranges') assert.ok(statuses.has('200') && log.length <= 4, `${log.length} requests`);
      if (name === 'other place') {
        const moved = log.filter(([, status]) => status === '302').length;
        assert.ok(moved > 0 && moved <= 3, `${moved} redirects, one for each connection at the most`);
      }
    } finally {
      await server.stop();
    }
  }
});

/** Files of which the server sends only the compressed version. */
function packedSet(): string {
  const packed = join(www, 'packed set');
  mkdirSync(packed, { recursive: true });
  for (const name of ['a.txt', 'b.txt']) {
    const text = Buffer.from(`${name} `.repeat(3_000));
    writeFileSync(join(packed, name), text);
    writeFileSync(join(packed, `${name}.gz`), gzipSync(text));
  }
  const plain = join(folder, 'plain', 'packed set');
  cpSync(packed, plain, { recursive: true, filter: (path) => !path.endsWith('.gz') });
  return plain;
}

test('files that nginx does not have are named, and all others are complete', async () => {
  const whole = join(folder, 'whole', 'my set');
  cpSync(set, whole, { recursive: true });
  writeFileSync(join(whole, 'meta.xml'), randomBytes(30_000));
  writeFileSync(join(whole, 'zz.bin'), randomBytes(300_000));
  const server = await nginx();
  try {
    const output = join(folder, 'partly');
    const torrent = torrentWith('partly', whole, `${server.base}/`);
    const run = await runCli('get', torrent, '-o', output, '--no-dht', '--json');
    assert.equal(run.status, 6, run.stderr);
    const summary = run.events.find(({ type }) => type === 'summary');
    const missing = (summary?.['missingFiles'] ?? []) as { path: string; reason: string }[];
    const named = missing.filter(({ reason }) => reason === 'HTTP status 404').map(({ path }) => path);
    assert.deepEqual(named.sort(), ['my set/meta.xml', 'my set/zz.bin']);
    // Neighbours share a piece with the missing files.
    assert.ok(missing.length <= 5, JSON.stringify(missing));
    assert.ok(contentOf(join(output, 'my set'))['ä b/file #3%41.bin'] !== undefined);
  } finally {
    await server.stop();
  }
});
