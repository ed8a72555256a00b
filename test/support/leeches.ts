/**
 * Real clients that download, each in its own process on a loopback address. They know no peer but those that they are told of,
 * by `connect` or by a tracker.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ChildLines } from './child-lines.ts';
import { ROOT } from './paths.ts';
import { ended, freePort } from './processes.ts';
import { transmissionDaemon } from './transmission-daemon.ts';

export interface Leech {
  /** HOST:PORT at which others reach it. */
  readonly address: string;
  /** It has everything, on its disk. */
  complete(): Promise<void>;
  stop(): Promise<void>;
}

/** A leech that dials the peers that the test names. */
export interface DiallingLeech extends Leech {
  connect(host: string, port: number): void;
}

export interface LeechRequest {
  readonly torrent: string;
  /** The folder into which it downloads. */
  readonly folder: string;
  /** A folder for the client's own files. */
  readonly scratch: string;
  /** Further settings of the client, in its own syntax. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A peer of libtorrent, as libtorrent sees it. */
export interface Partner {
  readonly address: string;
  readonly client: string;
  readonly utp: boolean;
  readonly rc4: boolean;
  /** Another peer named it. */
  readonly pex: boolean;
  /** Bytes that it gave. */
  readonly got: number;
}

export interface LibtorrentLeech extends DiallingLeech {
  /** Resolves with those that gave something when it is complete. */
  partners(): Promise<readonly Partner[]>;
  /** What it has got by now, in bytes of blocks, and the time in seconds. */
  bytes(): Promise<{ readonly at: number; readonly bytes: number }>;
  /** Resolves once it has got so many. */
  got(bytes: number): Promise<void>;
}

const CLIENTS = join(ROOT, 'test', 'interop', 'clients');

/** A torrent file, perhaps only some files of it, or a magnet link. */
type LibtorrentSource =
  | { readonly torrent: string; readonly only?: readonly number[] }
  | { readonly magnet: string };

export async function libtorrentLeech(
  source: LibtorrentSource,
  folder: string,
  settings: Readonly<Record<string, unknown>> = {},
  host = '127.0.0.9',
): Promise<LibtorrentLeech> {
  const order = JSON.stringify({ ...source, folder, host, settings });
  const child = spawn('/usr/bin/python3', [join(CLIENTS, 'libtorrent-leech.py'), order], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = new ChildLines(child);
  const partners = async (): Promise<readonly Partner[]> => {
    const [, said = ''] = await lines.first(/^complete (.*)/);
    return JSON.parse(said) as Partner[];
  };
  const [, port] = await lines.first(/^port (\d+)/);
  /** Returns the number of the line from which on the answer may come. */
  const ask = (order: string): number => {
    child.stdin.write(`${order}\n`);
    return lines.count;
  };
  return {
    address: `${host}:${port}`,
    connect: (to, at) => void child.stdin.write(`connect ${to} ${at}\n`),
    partners,
    complete: async () => void (await partners()),
    bytes: async () => {
      const [, at, bytes] = await lines.first(/^bytes (\S+) (\d+)/, ask('bytes'));
      return { at: Number(at), bytes: Number(bytes) };
    },
    got: async (wanted) => void (await lines.first(new RegExp(`^got ${wanted}$`), ask(`got ${wanted}`))),
    stop: () => ended(child, () => child.stdin.end()),
  };
}

export async function webtorrentLeech({
  torrent,
  folder,
  settings = {},
}: LeechRequest): Promise<DiallingLeech> {
  const home = join(CLIENTS, 'webtorrent');
  const script = ['--import', join(home, 'no-webrtc.mjs'), join(home, 'get.mjs')];
  const child = spawn(process.execPath, [...script, torrent, folder, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = new ChildLines(child);
  const [, port] = await lines.first(/^port (\d+)/);
  return {
    address: `127.0.0.1:${port}`,
    connect: (host, at) => void child.stdin.write(`connect ${host} ${at}\n`),
    complete: async () => void (await lines.first(/^complete/)),
    stop: () => ended(child, () => child.stdin.end()),
  };
}

/** aria2 knows peers only by a tracker. */
export async function aria2Leech({ torrent, folder, settings = {} }: LeechRequest): Promise<Leech> {
  const port = await freePort();
  const options = {
    'enable-dht': false,
    'enable-dht6': false,
    'bt-enable-lpd': false,
    'enable-peer-exchange': false,
    'disable-ipv6': true,
    'no-conf': true,
    interface: '127.0.0.1',
    'listen-port': port,
    'seed-time': 0,
    'summary-interval': 0,
    'console-log-level': 'notice',
    dir: folder,
    ...settings,
  };
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn('aria2c', [...given, torrent], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = new ChildLines(child);
  return {
    address: `127.0.0.1:${port}`,
    complete: async () => void (await lines.first(/Download complete|\(OK\):download completed/)),
    stop: () => ended(child, () => child.kill('SIGTERM')),
  };
}

/** transmission dials no loopback address: others dial it. */
export async function transmissionLeech(request: LeechRequest): Promise<Leech> {
  const { address, rpc, stop } = await transmissionDaemon(request);
  return {
    address,
    complete: () =>
      rpc.until(async () => {
        const torrents = await rpc.torrents();
        return torrents.length > 0 && torrents.every(({ percentDone }) => percentDone === 1);
      }),
    stop,
  };
}
