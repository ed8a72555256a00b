/** The clients that are compared as seeds. Each trusts the data that it finds, if it has an option for that. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CLI, ROOT } from '../test/support/paths.ts';

export interface SeedJob {
  readonly torrent: string;
  /** The folder of the data. */
  readonly folder: string;
  /** The data, one file. */
  readonly path: string;
  readonly port: number;
}

export interface SeedingClient {
  readonly name: string;
  /** Null if it can run; else the reason. */
  missing(): string | null;
  command(job: SeedJob): readonly string[];
}

const PYTHON = '/usr/bin/python3';
const WEBTORRENT = join(ROOT, 'test', 'interop', 'clients', 'webtorrent');
/** Another build of ours: `unchoke@CLI`. */
const OTHER_BUILD = 'unchoke@';

const runs = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status === 0;

function unchoke(name: string, cli: string): SeedingClient {
  return {
    name,
    missing: () => {
      if (!existsSync(cli)) return `no ${cli}`;
      const help = execFileSync(process.execPath, [cli, '--help'], { encoding: 'utf8' });
      return /^ +share /m.test(help) ? null : 'this build cannot seed';
    },
    command: ({ path, port }) => [
      ...[process.execPath, cli, 'share', path, '--port', String(port)],
      ...['--no-dht', '--no-lsd', '--no-nat'],
    ],
  };
}

const LIBTORRENT: SeedingClient = {
  name: 'libtorrent high-performance',
  missing: () => (runs(PYTHON, '-c', 'import libtorrent') ? null : 'no python3-libtorrent'),
  command: ({ torrent, folder, port }) => [
    ...[PYTHON, join(ROOT, 'bench', 'clients', 'libtorrent-fast-seed.py'), torrent, folder, String(port)],
  ],
};

const ARIA2: SeedingClient = {
  name: 'aria2',
  missing: () => (runs('aria2c', '--version') ? null : 'no aria2c'),
  command: ({ torrent, folder, port }) => [
    ...['aria2c', '--no-conf=true', '--summary-interval=0', '--enable-dht=false', '--enable-dht6=false'],
    ...['--bt-enable-lpd=false', '--enable-peer-exchange=false', '--bt-max-peers=0'],
    ...['--seed-ratio=0.0', '--bt-seed-unverified=true', `--dir=${folder}`, `--listen-port=${port}`, torrent],
  ],
};

const WEBTORRENT_SEED: SeedingClient = {
  name: 'webtorrent',
  missing: () =>
    existsSync(join(WEBTORRENT, 'node_modules'))
      ? null
      : 'not installed (npm ci --prefix test/interop/clients/webtorrent --ignore-scripts)',
  command: ({ torrent, folder, port }) => [
    ...[process.execPath, '--import', join(WEBTORRENT, 'no-webrtc.mjs'), join(WEBTORRENT, 'seed.mjs')],
    ...[torrent, folder, JSON.stringify({ torrentPort: port, maxConns: 10_000, secure: 0 })],
  ],
};

/** By name, or `all`; missing clients are reported and left out. */
export function seedingClients(names: string): SeedingClient[] {
  const all = [unchoke('unchoke', CLI), LIBTORRENT, ARIA2, WEBTORRENT_SEED];
  const named = (name: string): SeedingClient => {
    if (name.startsWith(OTHER_BUILD)) return unchoke(name, name.slice(OTHER_BUILD.length));
    const client = all.find((one) => one.name === name || one.name === `${name} high-performance`);
    if (client !== undefined) return client;
    throw new Error(`--clients ${name}: one of ${all.map((one) => one.name).join(', ')}, ${OTHER_BUILD}CLI`);
  };
  return (names === 'all' ? all : names.split(',').map(named)).filter((client) => {
    const why = client.missing();
    if (why !== null) process.stdout.write(`missing: ${client.name}: ${why}\n`);
    return why === null;
  });
}
