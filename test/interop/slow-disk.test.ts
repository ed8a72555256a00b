/** A disk that takes seconds for each write, or to open a file, or that fails a flush, made with strace. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { magnetLink } from '../../src/main/torrent/magnet-link.ts';
import { startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ourSeed } from '../support/our-seed.ts';
import { ended, firstLine } from '../support/processes.ts';
import { rawLeech } from '../support/raw-leech.ts';
import { makeTorrent } from '../support/seeds.ts';
import { MAY_SLOW_READS, slowReads } from '../support/slow-reads.ts';
import { withStarted } from '../support/started.ts';
import { assertPayload, withSwarm } from '../support/swarm-fixture.ts';
import { wire } from '../support/wire-bytes.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
/** Longer than the time after which a download without progress says why. */
const DELAY_US = 13_000_000;
/** `-D`: a kill hits the download, not strace. */
const SLOW = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64'];

test('writes of thirteen seconds: get says that the disk is slow, with the memory that waits for it', () =>
  withSwarm(
    folder,
    { peers: 3, mix: 'seeds', payloadBytes: 2 ** 24, pieceBytes: 2 ** 18 },
    async (torrent) => {
      const running = startCli(
        ['get', torrent, '-o', join(folder, 'slow'), '--memory', '2M', '--json'],
        [...SLOW, '-e', `inject=pwrite64:delay_enter=${DELAY_US}`],
      );
      const line = await running.line((text) => text.includes('"diagnosis"'));
      running.child.kill('SIGKILL');
      const { code, text } = JSON.parse(line) as { code: string; text: string };
      assert.equal(code, 'disk-slow', line);
      assert.match(text, /[12]\.\d MiB of 2\.0 MiB are waiting to be written/);
      await running.ended;
    },
  ));

test('a flush that fails: the download is not called complete, and the next run fetches what may be lost', () =>
  withSwarm(
    folder,
    { peers: 2, mix: 'seeds', payloadBytes: 2 ** 23, pieceBytes: 2 ** 18 },
    async (torrent) => {
      const out = join(folder, 'unflushed');
      const args = ['get', torrent, '-o', out, '--json'];
      // strace counts the calls of each thread: with one, the second flush of all is meant.
      const slowly = [...args, '--download-limit', '700K'];
      const failing = [
        'env',
        'UV_THREADPOOL_SIZE=1',
        'strace',
        '-D',
        '-f',
        '-qq',
        '-o',
        join(folder, 'calls'),
        '-e',
        'trace=fdatasync',
      ];
      const run = await startCli(slowly, [...failing, '-e', 'inject=fdatasync:error=EIO:when=2']).ended;
      assert.match(readFileSync(join(folder, 'calls'), 'utf8'), /EIO.*INJECTED/, 'the fault fired');
      assert.equal(run.status, 5, run.stderr);
      assert.match(run.stderr, /unflushed\/swarm-1.bin: the disk reported an error \(EIO\)/);
      assert.ok(!run.events.some(({ type }) => type === 'complete'));
      const next = await startCli(args, []).ended;
      assert.equal(next.status, 0, next.stderr);
      const { found, downloaded } = next.events.at(-1) as { found?: number; downloaded?: number };
      assert.ok(Number(found) >= 2 ** 20, 'what the first flush wrote is known');
      assert.ok(Number(downloaded) >= 2 ** 20, 'what the second did not write is fetched again');
      assertPayload(torrent, join(out, 'swarm-1.bin'));
    },
  ));

/** From now on, each file that the process opens takes so long. */
async function slowOpens(pid: number, ms: number) {
  const inject = `inject=openat:delay_enter=${ms * 1_000}`;
  const child = spawn(
    'strace',
    ['-f', '-o', '/dev/null', '-e', 'trace=openat', '-e', inject, '-p', `${pid}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  await firstLine(child, /attached/);
  return { stop: () => ended(child, () => child.kill('SIGINT')) };
}

test('while one file is being opened for a peer, another peer gets what is in an open file', () =>
  withStarted(async (keep) => {
    const [data, torrent] = [join(folder, 'two'), join(folder, 'two.torrent')];
    mkdirSync(data);
    const pieceBytes = 2 ** 18;
    writeFileSync(join(data, 'a'), randomBytes(32 * pieceBytes));
    writeFileSync(join(data, 'b'), randomBytes(pieceBytes));
    makeTorrent(data, torrent, 18);
    const { infoHash } = loadTorrent(torrent);
    const seed = await keep(ourSeed(torrent, folder, '--no-trackers', '--shards', '1'));
    const [one, other] = [
      await keep(rawLeech(seed.port, infoHash, { from: '127.0.0.5' })),
      await keep(rawLeech(seed.port, infoHash, { from: '127.0.0.6' })),
    ];
    await Promise.all([one.unchoked(), other.unchoked()]);
    const block = 16_384;
    one.socket.write(wire.request(0, 0, block));
    await one.until(() => one.blockBytes === block);
    await keep(slowOpens(seed.pid, 3_000));
    other.socket.write(wire.request(32, 0, block));
    for (let piece = 4; piece < 32; piece++) {
      one.socket.write(wire.request(piece, 0, block));
      await one.until(() => one.blockBytes === (piece - 2) * block);
    }
    assert.equal(other.blockBytes, 0, 'its file is not open yet');
    await other.until(() => other.blockBytes === block);
  }));

/** A peer has all of it, and it is on disk already. */
const whileChecked = (name: string, source: (torrent: string) => string) =>
  withStarted(async (keep) => {
    const [data, torrent] = [join(folder, name), join(folder, `${name}.torrent`)];
    mkdirSync(data);
    writeFileSync(join(data, 'a'), randomBytes(2 ** 20));
    makeTorrent(data, torrent, 18);
    cpSync(data, join(folder, `${name} out`, name), { recursive: true });
    const { port } = await keep(ourSeed(torrent, folder, '--no-trackers'));
    const args = ['get', source(torrent), '-o', join(folder, `${name} out`), '--peer', `127.0.0.1:${port}`];
    const before = slowReads(join(folder, `${name} out`, name, 'a'));
    const { events, status, stderr } = await startCli([...args, '--json'], before).ended;
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      events.flatMap((event) => (event['type'] === 'diagnosis' ? [event['code']] : [])),
      ['checking-disk'],
    );
    const progress = events.filter(({ type }) => type === 'progress');
    const checks = progress.filter((event) => event['work'] === 'checking what is there');
    assert.ok(checks.filter(({ bytes }) => bytes === 0).length > 10, 'also while nothing is hashed');
    assert.ok(!progress.some((event) => 'fastest' in event), 'no word of peers');
  });

describe('while a slow disk is checked, that is what is told', {
  concurrency: 2,
  skip: !MAY_SLOW_READS,
}, () => {
  test('of a .torrent', () => whileChecked('file', (torrent) => torrent));
  test('of a magnet link, although peers are connected', () =>
    whileChecked('link', (torrent) => magnetLink(loadTorrent(torrent))));
});
