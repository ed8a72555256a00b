/** SOCKS5 through a real proxy (microsocks): peers and trackers go through it, and nothing bypasses it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ended, freePort } from '../support/processes.ts';
import { libtorrentSeed, makeTorrent } from '../support/seeds.ts';
import { openTracker, untilSeeded } from '../support/tracker.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(2 ** 20 + 5));

function microsocks(...more: string[]) {
  return proxyProgram((port) => ['microsocks', '-i', '127.0.0.1', '-p', String(port), ...more]);
}

function tinyproxy() {
  return proxyProgram((port) => {
    const file = join(folder, `tinyproxy-${port}.conf`);
    const lines = [
      `Port ${port}`,
      'Listen 127.0.0.1',
      'Timeout 60',
      'LogLevel Connect',
      'BasicAuth anna s3cret',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return ['tinyproxy', '-d', '-c', file];
  });
}

/** A program that listens on a port, with its output. */
async function proxyProgram(command: (port: number) => string[]) {
  const port = await freePort();
  const [program = '', ...options] = command(port);
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      log += text.toString();
    });
  for (;;) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
      socket.unref();
      setTimeout(() => socket.destroy(), 50);
    });
    if (up) break;
  }
  return { port, log: () => log, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

test('a tracker and a peer through SOCKS5; without the proxy they cannot be reached', async () => {
  const torrent = join(folder, 'plain.torrent');
  makeTorrent(join(data, 'file.bin'), torrent, 16);
  const { infoHash } = loadTorrent(torrent);
  const tracker = await openTracker(infoHash, folder);
  const tracked = join(folder, 'tracked.torrent');
  makeTorrent(join(data, 'file.bin'), tracked, 16, `http://127.0.0.1:${tracker.port}/announce`);
  const seed = await libtorrentSeed({ torrent: tracked, folder: data, scratch: folder });
  const proxy = await microsocks();
  try {
    await untilSeeded(tracker.port, infoHash);
    const output = join(folder, 'out');
    const run = await runCli(
      'get',
      tracked,
      '-o',
      output,
      '--json',
      '--proxy',
      `socks5://127.0.0.1:${proxy.port}`,
    );
    assert.equal(run.status, 0, run.stderr);
    assert.ok(readFileSync(join(output, 'file.bin')).equals(readFileSync(join(data, 'file.bin'))));
    assert.match(proxy.log(), new RegExp(`connected to 127.0.0.1:${tracker.port}`));
    assert.match(proxy.log(), new RegExp(`connected to ${seed.address}`));
    assert.ok(!run.events.some(({ type }) => type === 'listening'), 'nobody is let in past the proxy');
    await proxy.stop();
    const dead = `socks5://127.0.0.1:${proxy.port}`;
    const none = await runCli('race', tracked, '--json', '--proxy', dead, '--peer', seed.address);
    assert.equal(none.status, 4);
    assert.deepEqual(
      (none.events.at(-1) as { lost?: { code: string }[] }).lost?.map(({ code }) => code),
      ['connect-failed'],
    );
  } finally {
    await proxy.stop();
    await seed.stop();
    await tracker.stop();
  }
});

test('a proxy that needs user name and password gets them; wrong ones fail', async () => {
  const torrent = join(folder, 'auth.torrent');
  makeTorrent(join(data, 'file.bin'), torrent, 16);
  const seed = await libtorrentSeed({ torrent, folder: data, scratch: folder });
  const proxy = await microsocks('-u', 'anna', '-P', 's3cret');
  try {
    const how = ['--no-trackers', '--peer', seed.address, '--json'];
    const at = `127.0.0.1:${proxy.port}`;
    const good = await runCli('race', torrent, ...how, '--proxy', `socks5://anna:s3cret@${at}`);
    assert.equal(good.status, 0, good.stderr);
    const bad = await runCli('race', torrent, ...how, '--proxy', `socks5://anna:wrong@${at}`);
    assert.equal(bad.status, 4);
    assert.ok(!bad.stdout.includes('wrong') && !bad.stderr.includes('wrong'), 'and it is not printed');
  } finally {
    await proxy.stop();
    await seed.stop();
  }
});

test('a tracker through a real HTTP proxy', async () => {
  const torrent = join(folder, 'scraped.torrent');
  makeTorrent(join(data, 'file.bin'), torrent, 16);
  const { infoHash } = loadTorrent(torrent);
  const tracker = await openTracker(infoHash, folder);
  const tracked = join(folder, 'scraped-tracked.torrent');
  makeTorrent(join(data, 'file.bin'), tracked, 16, `http://127.0.0.1:${tracker.port}/announce`);
  const proxy = await tinyproxy();
  try {
    const how = ['--scrape', '--json', '--proxy'];
    const run = await runCli('inspect', tracked, ...how, `http://anna:s3cret@127.0.0.1:${proxy.port}`);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /it does not know /);
    assert.match(proxy.log(), new RegExp(`GET http://127.0.0.1:${tracker.port}/scrape`));
    const wrong = await runCli('inspect', tracked, ...how, `http://anna:wr0ng@127.0.0.1:${proxy.port}`);
    assert.match(wrong.stdout, /refuses: HTTP status 40[17]/);
    assert.ok(!wrong.stdout.includes('wr0ng') && !wrong.stderr.includes('wr0ng'), 'and it is not printed');
  } finally {
    await proxy.stop();
    await tracker.stop();
  }
});

test('an HTTP proxy cannot carry peers, so none is dialled', async () => {
  const torrent = join(folder, 'http.torrent');
  makeTorrent(join(data, 'file.bin'), torrent, 16);
  const seed = await libtorrentSeed({ torrent, folder: data, scratch: folder });
  try {
    const run = await runCli(
      'get',
      torrent,
      '-o',
      join(folder, 'http'),
      '--no-trackers',
      '--peer',
      seed.address,
      '--proxy',
      'http://127.0.0.1:1',
    );
    assert.equal(run.status, 4);
    assert.match(run.stderr, /an HTTP proxy cannot carry peer connections/);
  } finally {
    await seed.stop();
  }
});
