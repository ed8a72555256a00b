/**
 * One session with many torrents: the cost of a thousand idle ones, and the throughput of fifty that download at one time from a
 * libtorrent seed, compared with one torrent of the same size. `npm run bench:session -- --help` shows the options.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Session, SessionOptions } from '../src/main/index.ts';
import { ROOT } from '../test/support/paths.ts';
import { makeTorrent } from '../test/support/seeds.ts';
import { str, torrentOf } from '../test/support/torrents.ts';
import { machineLine } from './machine.ts';
import { writePayload } from './payload.ts';
import { type Figures, interleaved, recordOf } from './record.ts';

const HELP = `usage: npm run bench:session -- [--idle 1000] [--watch 60] [--torrents 50] [--size 1024] [--rounds 3] [--json FILE] [--compare FILE]
  --watch: seconds in which the CPU of the idle torrents is counted
  --size: MiB that are downloaded in all, by one torrent or by many`;

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '1000' },
    watch: { type: 'string', default: '60' },
    torrents: { type: 'string', default: '50' },
    size: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const MIB = 2 ** 20;
const SETTLE_MS = 60_000;
const QUIET: SessionOptions = {
  dht: false,
  lsd: false,
  trackers: false,
  firstUnchokeTimeout: 0,
  idleTimeout: 0,
};
/** The package as it is installed, in bundles. */
const library = (await import(join(ROOT, 'dist', 'main', 'index.js'))) as { Session: typeof Session };

const cpuS = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const threads = (): number => readdirSync('/proc/self/task').length;

/** Torrents without a peer, which wait for one at a port. */
async function idle(count: number, watchS: number, scratch: string): Promise<Figures> {
  const output = mkdtempSync(join(scratch, 'idle-'));
  const before = process.memoryUsage().rss;
  const begun = performance.now();
  const session = new library.Session({ ...QUIET, output, port: await freePort() });
  const torrents = await Promise.all(
    Array.from({ length: count }, (_, i) => session.add(torrentOf({ name: str(`idle-${i}`) }))),
  );
  while (torrents.some(({ state }) => state !== 'downloading')) await sleep(10);
  const startS = (performance.now() - begun) / 1_000;
  // The engine still compiles and collects what the start has left.
  await sleep(SETTLE_MS);
  const [cpu, at] = [cpuS(), performance.now()];
  await sleep(watchS * 1_000);
  const share = (cpuS() - cpu) / ((performance.now() - at) / 1_000);
  const rss = process.memoryUsage().rss;
  const count_ = threads();
  const closing = performance.now();
  await session.close();
  return {
    'start s': [startS],
    'RSS MiB': [rss / MIB],
    'more than before MiB': [(rss - before) / MIB],
    'CPU % of a core': [share * 100],
    threads: [count_],
    'close s': [(performance.now() - closing) / 1_000],
  };
}

/** All torrents of a folder from one seed. */
async function downloaded(folder: string, bytes: number, port: number, scratch: string): Promise<Figures> {
  const output = mkdtempSync(join(scratch, 'out-'));
  const session = new library.Session({ ...QUIET, output, port: null });
  try {
    const [begun, cpu] = [performance.now(), cpuS()];
    const peers = [{ host: '127.0.0.1', port }];
    const torrents = await Promise.all(
      readdirSync(folder).map((name) => session.add(join(folder, name), { peers })),
    );
    await Promise.all(torrents.map(({ completed }) => completed));
    const s = (performance.now() - begun) / 1_000;
    const gib = bytes / 2 ** 30;
    return { s: [s], 'MiB/s': [bytes / MIB / s], 'CPU s/GiB': [(cpuS() - cpu) / gib], threads: [threads()] };
  } finally {
    await session.close();
    rmSync(output, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** This many torrents with this many bytes in total, and a seed for them. */
async function seeded(count: number, bytes: number, scratch: string) {
  const [torrents, content] = [join(scratch, `torrents-${count}`), join(scratch, `content-${count}`)];
  for (const folder of [torrents, content]) mkdirSync(folder);
  for (let i = 0; i < count; i++) {
    const path = join(content, `${count}-${String(i).padStart(3, '0')}.bin`);
    writePayload(path, Math.floor(bytes / count));
    makeTorrent(path, join(torrents, `${i}.torrent`), 18, 'http://127.0.0.1:1/announce');
  }
  const program = join(ROOT, 'bench', 'clients', 'libtorrent-seed-many.py');
  const seed = spawn('/usr/bin/python3', [program, torrents, content, '127.0.0.1'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: seed.stdout })) {
    const port = Number(line.split(' ')[1]);
    return { name: `${count} torrents`, torrents, port, stop: () => seed.stdin.end() };
  }
  throw new Error('the seed did not start');
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  process.stdout.write(`${machineLine()}\n`);
  const scratch = mkdtempSync(join(tmpdir(), 'unchoke-session-'));
  try {
    const count = Number(values.idle);
    const figures = await idle(count, Number(values.watch), scratch);
    process.stdout.write(`${recordOf([{ name: `${count} idle torrents`, figures }], {})}\n\n`);
    const bytes = Number(values.size) * MIB;
    const sources = [await seeded(1, bytes, scratch), await seeded(Number(values.torrents), bytes, scratch)];
    const rows = await interleaved(sources, Number(values.rounds), ({ torrents, port }) =>
      downloaded(torrents, bytes, port, scratch),
    );
    for (const { stop } of sources) stop();
    process.stdout.write(`${recordOf(rows, values)}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
