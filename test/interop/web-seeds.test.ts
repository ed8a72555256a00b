/** Web seeds (BEP 19) from a real HTTP server, nginx. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ended, freePort, READY_MS } from '../support/processes.ts';
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

/** `limit`: bytes a second of each answer, in nginx's own words; 0 for none. */
async function nginx(limit = '0') {
  const port = await freePort();
  const home = join(folder, `nginx-${port}`);
  mkdirSync(home);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(home, name)};`)
    .join(' ');
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; pid ${join(home, 'pid')}; error_log ${join(home, 'error.log')}; user root; events {}
     http { ${temporary} log_format short '$connection $status $request'; access_log ${join(home, 'access.log')} short;
     server { listen 127.0.0.1:${port}; root ${www}; limit_rate ${limit}; location /moved/ { return 302 /$request_uri; }
     rewrite ^/moved/(.*)$ /$1 redirect; } }`,
  );
  const child = spawn('nginx', ['-p', home, '-c', join(home, 'nginx.conf')], { stdio: 'ignore' });
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).arrayBuffer();
      break;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
  return {
    base: `http://127.0.0.1:${port}`,
    /** `[connection, status, request]` of each answer. */
    log: () =>
      readFileSync(join(home, 'access.log'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string, ...string[]])
        .slice(1),
    stop: () => ended(child, () => child.kill('SIGQUIT')),
  };
}

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
    // The same info hash without the web seed: the peer would ask it, too.
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
