/**
 * Real clients as seeds, each in its own process on a loopback address. They can find no peer except us. A seed is ready when
 * it has verified its data.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './paths.ts';
import { ended, firstLine, freePort } from './processes.ts';
import { transmissionDaemon } from './transmission-daemon.ts';

export interface Seed {
  /** HOST:PORT for `--peer`. */
  readonly address: string;
  /** Only libtorrent: connects to this peer. */
  connect?(host: string, port: number): void;
  /** Only libtorrent: joins the DHT of this node; resolves once others find it there. */
  joinDht?(host: string, port: number): Promise<void>;
  /** Only libtorrent: how many bytes of blocks it has sent. */
  givenBytes?(): Promise<number>;
  stop(): Promise<void>;
}

export interface SeedRequest {
  readonly torrent: string;
  /** The folder of the data, so that `folder/name` is the torrent's root. */
  readonly folder: string;
  /** A folder for the client's own files. */
  readonly scratch: string;
  /** Further settings of the client, in its own syntax. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const CLIENTS = join(ROOT, 'test', 'interop', 'clients');
/** Debian's interpreter: another python3 first in the path would not have the libtorrent module. */
const PYTHON = '/usr/bin/python3';

/** A client that prints `port N` when it is ready, and ends with its stdin. */
async function talkingSeed(program: string, args: readonly string[], host: string): Promise<Seed> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const line = await firstLine(child, /^port (\d+)/);
  return {
    address: `${host}:${line[1]}`,
    connect: (to, port) => void child.stdin?.write(`connect ${to} ${port}\n`),
    joinDht: async (to, port) => {
      child.stdin?.write(`dht ${to} ${port}\n`);
      await firstLine(child, /^announced/);
    },
    givenBytes: async () => {
      child.stdin?.write('given\n');
      return Number((await firstLine(child, /^given (\d+)/))[1]);
    },
    stop: () => ended(child, () => child.stdin?.end()),
  };
}

export function libtorrentSeed(
  { torrent, folder, settings = {} }: SeedRequest,
  host = '127.0.0.2',
): Promise<Seed> {
  const script = join(CLIENTS, 'libtorrent-seed.py');
  return talkingSeed(PYTHON, [script, torrent, folder, host, JSON.stringify(settings)], host);
}

/** A libtorrent that knows an info hash and no peer: `metadata` resolves to the name in the metadata that it gets. */
export async function libtorrentMagnet(
  infoHash: string,
  folder: string,
): Promise<Seed & { metadata(): Promise<string> }> {
  const script = join(CLIENTS, 'libtorrent-magnet.py');
  const child = spawn(PYTHON, [script, infoHash, folder, '127.0.0.6'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const line = await firstLine(child, /^port (\d+)/);
  return {
    address: `127.0.0.6:${line[1]}`,
    connect: (host, port) => void child.stdin.write(`connect ${host} ${port}\n`),
    metadata: async () => (await firstLine(child, /^metadata (.*)/))[1] as string,
    stop: () => ended(child, () => child.stdin.end()),
  };
}

/** Makes a torrent with libtorrent. */
export function libtorrentTorrent(
  source: string,
  output: string,
  version: 'v2' | 'hybrid',
  pieceLength: number,
  ...more: readonly 'private'[]
): void {
  const script = join(CLIENTS, 'libtorrent-create.py');
  const args = [script, source, output, version, String(pieceLength), ...more];
  const made = spawnSync(PYTHON, args, { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`libtorrent-create.py: ${made.stderr}`);
}

/** A DHT of this many libtorrent nodes on 127.0.1.x; the address is that of the first. */
export function libtorrentDht(nodes: number): Promise<Seed> {
  return talkingSeed(PYTHON, [join(CLIENTS, 'libtorrent-dht.py'), String(nodes), '4'], '127.0.1.1');
}

export function webtorrentSeed({ torrent, folder, settings = {} }: SeedRequest): Promise<Seed> {
  const home = join(CLIENTS, 'webtorrent');
  return talkingSeed(
    process.execPath,
    [
      '--import',
      join(home, 'no-webrtc.mjs'),
      join(home, 'seed.mjs'),
      torrent,
      folder,
      JSON.stringify(settings),
    ],
    '127.0.0.1',
  );
}

export async function aria2Seed({ torrent, folder, settings = {} }: SeedRequest): Promise<Seed> {
  const port = await freePort();
  const off = [
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--no-conf=true',
  ];
  const how = [
    '--seed-ratio=0.0',
    '--check-integrity=true',
    '--allow-overwrite=true',
    '--interface=127.0.0.1',
    '--disable-ipv6=true',
  ];
  const child = spawn(
    'aria2c',
    [
      ...off,
      ...how,
      `--dir=${folder}`,
      `--listen-port=${port}`,
      '--console-log-level=notice',
      '--summary-interval=0',
      ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
      torrent,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  await firstLine(child, /listening on TCP port/);
  return { address: `127.0.0.1:${port}`, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

export async function transmissionSeed(request: SeedRequest): Promise<Seed> {
  const { address, rpc, stop } = await transmissionDaemon(request);
  await rpc.until(async () => {
    const torrents = await rpc.torrents();
    const SEEDING = 6;
    return (
      torrents.length > 0 &&
      torrents.every(({ percentDone, status }) => percentDone === 1 && status === SEEDING)
    );
  });
  return { address, stop };
}

/** Makes a torrent with mktorrent; `pieceExponent` 18 is 256 KiB. It cannot make pieces below 32 KiB: transmission-create makes those. */
export function makeTorrent(
  source: string,
  torrent: string,
  pieceExponent: number,
  ...announce: readonly string[]
): void {
  const trackers = announce.flatMap((url) => ['-a', url]);
  const [program, ...args] =
    pieceExponent < 15
      ? ['transmission-create', '-s', String(2 ** (pieceExponent - 10)), '-o', torrent, source]
      : ['mktorrent', '-l', String(pieceExponent), ...trackers, '-o', torrent, source];
  make(program as string, args);
}

/** BEP 27. */
export function makePrivateTorrent(
  source: string,
  torrent: string,
  pieceExponent: number,
  announce: string,
): void {
  make('mktorrent', ['-p', '-l', String(pieceExponent), '-a', announce, '-o', torrent, source]);
}

function make(program: string, args: readonly string[]): void {
  const made = spawnSync(program, args, { encoding: 'utf8' });
  if (made.status !== 0)
    throw new Error(`${program}: ${made.stdout}${made.stderr}${String(made.error ?? '')}`);
}

/** Each real client as a seed, with the client family that we should detect. */
export const CLIENTS_AS_SEEDS: Readonly<
  Record<string, { readonly start: (request: SeedRequest) => Promise<Seed>; readonly family: string }>
> = {
  libtorrent: { start: libtorrentSeed, family: 'libtorrent' },
  aria2: { start: aria2Seed, family: 'aria2' },
  transmission: { start: transmissionSeed, family: 'Transmission' },
  webtorrent: { start: webtorrentSeed, family: 'WebTorrent' },
};
