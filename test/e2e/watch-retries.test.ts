/** `unchoke watch`: what fails in a way that may pass is tried again. The clock of the process jumps when the test says so. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { type MadeTorrent, madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;
const made = (name: string) => madeTorrent([{ path: 'x.bin', bytes: randomBytes(PIECE * 4) }], PIECE, name);

/** SIGUSR2 puts the clock of the main thread forward by more than the first pause. */
const HOOK = join(folder, 'later.mjs');
writeFileSync(
  HOOK,
  `import { isMainThread } from 'node:worker_threads';
const now = performance.now.bind(performance);
let ahead = 0;
performance.now = () => now() + ahead;
if (isMainThread) process.on('SIGUSR2', () => { ahead += 61_000; });
`,
);

function watch(path: string, output: string, ...more: readonly string[]): RunningCli {
  const off = [
    '--no-trackers',
    '--no-dht',
    '--no-lsd',
    '--no-utp',
    '--json',
    '--first-unchoke-timeout',
    '3s',
  ];
  const later = ['env', `NODE_OPTIONS=--import=${pathToFileURL(HOOK)}`];
  return startCli(['watch', path, '-o', output, ...off, ...more], later);
}

function newFolder(name: string): { readonly path: string; readonly output: string } {
  const path = join(folder, name);
  mkdirSync(path);
  return { path, output: `${path} out` };
}

/** The event of this type with all of these texts in its line. */
const heard = async (run: RunningCli, type: string, ...texts: readonly string[]) => {
  const line = await run.line((one) => [`"type":"${type}"`, ...texts].every((text) => one.includes(text)));
  return JSON.parse(line) as Record<string, unknown>;
};

async function stopped(run: RunningCli): Promise<{ readonly stderr: string; readonly types: string[] }> {
  run.child.kill('SIGTERM');
  const { status, stderr, events } = await run.ended;
  assert.equal(status, 0, stderr);
  return { stderr, types: events.map(({ type }) => String(type)) };
}

/** Resolves when the file is there: a move follows the event by a moment. */
async function there(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
}

interface Gate {
  readonly address: string;
  open(): void;
}

/** A seed that closes every connection until it is opened, and its address. */
async function withGate(of: MadeTorrent, work: (gate: Gate) => Promise<void>): Promise<void> {
  const seed = await torrentSeed(of, '127.0.0.14');
  const [host = '', port = ''] = seed.address.split(':');
  const sockets = new Set<Socket>();
  let isOpen = false;
  const gate: Server = createServer((peer) => {
    if (!isOpen) return void peer.destroy();
    const to = connect(Number(port), host);
    for (const [one, other] of [
      [peer, to],
      [to, peer],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.15', resolve));
  const { port: own } = gate.address() as AddressInfo;
  try {
    await work({
      address: `127.0.0.15:${own}`,
      open: () => {
        isOpen = true;
      },
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    gate.close();
    await seed.close();
  }
}

describe('beside each other, because they wait most of the time', { concurrency: 5 }, () => {
  test('a seed that appears only at the second try; another torrent has the only place meanwhile', async () => {
    const { path, output } = newFolder('later');
    const [one, other] = [made('one'), made('other')];
    const seed = await torrentSeed(other, '127.0.0.16');
    await withGate(one, async (gate) => {
      writeFileSync(join(path, 'one.torrent'), one.torrent);
      const run = watch(path, output, '--peer', gate.address, '--peer', seed.address, '--parallel', '1');
      const { code, message, why, failures, afterMs, number } = await heard(run, 'try-failed');
      assert.deepEqual([code, failures, afterMs, number], ['timeout', 1, 60_000, 1]);
      assert.ok(existsSync(join(path, 'one.torrent')));
      writeFileSync(join(path, 'other.torrent'), other.torrent);
      await there(join(path, 'done', 'other.torrent'));
      gate.open();
      run.child.kill('SIGUSR2');
      await heard(run, 'complete', '"number":1');
      await there(join(path, 'done', 'one.torrent'));
      assert.ok(readFileSync(join(output, 'one', 'x.bin')).equals(one.data));
      const { stderr, types } = await stopped(run);
      const line = `[1] one.torrent is not complete: ${message}; why: ${why}; next try in 1 min\n`;
      assert.ok(stderr.includes(line), stderr);
      assert.equal(stderr.split(String(message)).length, 2, `the user reads it once: ${stderr}`);
      assert.ok(types.includes('diagnosis') && !types.includes('error'));
    }).finally(() => seed.close());
  });

  test('a .magnet file, and with --quiet: the reason comes on stderr and in the log; a stop ends the pause, and a start tries at once', async () => {
    const { path, output } = newFolder('magnet');
    const one = made('one');
    await withGate(one, async ({ address }) => {
      writeFileSync(join(path, 'one.magnet'), `magnet:?xt=urn:btih:${one.infoHash.toString('hex')}`);
      const log = join(folder, 'magnet.log');
      for (const _ of ['a start', 'the next one']) {
        const run = watch(path, output, '--peer', address, '--quiet', '--log', log);
        const { failures } = await heard(run, 'try-failed');
        assert.equal(failures, 1);
        const { stderr } = await stopped(run);
        assert.match(stderr, /^\[1\] one\.magnet is not complete: [^\n]*; why: [^\n]*; next try in 1 min\n$/);
      }
      assert.equal(readFileSync(log, 'utf8').match(/one\.magnet is not complete/g)?.length, 2);
      assert.deepEqual(readdirSync(path), ['one.magnet']);
    });
  });

  test('two files with one torrent that finds no peer: both wait, and it is downloaded once', async () => {
    const { path, output } = newFolder('twice');
    const one = made('one');
    await withGate(one, async (gate) => {
      for (const name of ['a.torrent', 'b.torrent']) writeFileSync(join(path, name), one.torrent);
      const run = watch(path, output, '--peer', gate.address);
      for (const number of [1, 2]) await heard(run, 'try-failed', `"number":${number}`);
      gate.open();
      run.child.kill('SIGUSR2');
      for (const name of ['a.torrent', 'b.torrent']) await there(join(path, 'done', name));
      const { types } = await stopped(run);
      assert.equal(types.filter((type) => type === 'complete').length, 1);
    });
  });

  test('two sessions on one folder: the second one waits while the first one downloads', async () => {
    const { path, output } = newFolder('sessions');
    const one = made('one');
    let give = (): void => {};
    const heldUntil = new Promise<void>((resolve) => {
      give = resolve;
    });
    const seed = await torrentSeed(one, '127.0.0.14', { heldUntil });
    try {
      writeFileSync(join(path, 'one.torrent'), one.torrent);
      const first = watch(path, output, '--peer', seed.address);
      await heard(first, 'first-unchoke');
      const second = watch(path, output, '--peer', seed.address);
      const { code, message } = await heard(second, 'try-failed');
      assert.deepEqual([code, /another run of unchoke/.test(String(message))], ['disk', true]);
      give();
      await there(join(path, 'done', 'one.torrent'));
      second.child.kill('SIGUSR2');
      await stopped(first);
      assert.ok(!(await stopped(second)).types.includes('error'));
      assert.deepEqual(readdirSync(path), ['done']);
    } finally {
      await seed.close();
    }
  });

  test('nobody can ever name a peer: the file goes to failed/, with what the doctor says', async () => {
    const { path, output } = newFolder('nobody');
    writeFileSync(join(path, 'one.torrent'), made('one').torrent);
    const run = watch(path, output);
    await heard(run, 'error', '"code":"no-peer"');
    await there(join(path, 'failed', 'one.torrent.txt'));
    const { stderr, types } = await stopped(run);
    const text = readFileSync(join(path, 'failed', 'one.torrent.txt'), 'utf8');
    const [reason = '', why = '', advice = ''] = text.split('\n');
    assert.match(
      text,
      /^no peer to download from: .*\nwhy: there is no source of peers: .*\n {5}leave out --no-dht/,
    );
    for (const line of [reason, why, advice.trim()]) assert.ok(stderr.includes(line), stderr);
    assert.ok(!types.includes('try-failed'));
  });
});
