/** The clients that are compared as seeds. Each trusts the data that it finds, if it has an option for that. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadTorrent } from '../src/main/torrent/load.ts';
import { CLI, ROOT } from '../test/support/paths.ts';
import { clientsByName } from './clients-by-name.ts';

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

const hashOf = (torrent: string): string => Buffer.from(loadTorrent(torrent).infoHash).toString('hex');

/** What Node's own sockets cost, without anything of ours. */
const BARE_NODE: SeedingClient = {
  name: 'bare Node',
  missing: () => null,
  command: ({ torrent, port }) => [
    ...[process.execPath, join(ROOT, 'bench', 'clients', 'bare-seed.mjs')],
    ...[hashOf(torrent), String(port)],
  ],
};

/** What the system costs: a read and a send. */
const BARE_C: SeedingClient = {
  name: 'bare C',
  missing: () => (runs('gcc', '--version') ? null : 'no gcc'),
  command: ({ torrent, path, port }) => {
    const program = join(dirname(torrent), 'bare-seed');
    execFileSync('gcc', ['-O2', '-o', program, join(ROOT, 'bench', 'clients', 'bare-seed.c')]);
    return [program, hashOf(torrent), String(port), path, String(loadTorrent(torrent).geometry.pieceLength)];
  },
};

/** As `--clients` names them. */
export function seedingClients(names: string): SeedingClient[] {
  return clientsByName(
    names,
    [unchoke('unchoke', CLI), LIBTORRENT, ARIA2, WEBTORRENT_SEED, BARE_NODE, BARE_C],
    unchoke,
  );
}
