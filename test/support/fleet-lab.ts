/** A fleet of real workers on a real server, and torrents that a real libtorrent seeds. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FleetStatus } from '../../src/main/fleet/fleet-status.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { keysOf } from '../../src/main/torrent/source.ts';
import { dice, drawnBytes } from './dice.ts';
import { CLI, ROOT } from './paths.ts';
import { ended, firstLine } from './processes.ts';
import type { QueueServer } from './queue-servers.ts';
import { libtorrentTorrent } from './seeds.ts';
import { madeTorrent } from './torrent-seed.ts';

const HOST = '127.0.0.2';
const PIECE = 32_768;
const PYTHON = '/usr/bin/python3';
const SETTLE_MS = 100;
const DEADLINE_MS = 100_000;
const execute = promisify(execFile);

export interface LabTorrent {
  /** The info hash of version 1. */
  readonly id: string;
  /** That of version 2; null if it is no hybrid. */
  readonly otherId: string | null;
  readonly name: string;
  readonly file: string;
  readonly data: Buffer;
}

export interface LabSeed {
  readonly torrents: readonly LabTorrent[];
  readonly folder: string;
  /** HOST:PORT. */
  readonly peer: string;
  stop(): Promise<void>;
}

export interface LabTorrents {
  readonly count: number;
  /** Of each. */
  readonly bytes: number;
  /** Each of so many is a hybrid; 0: none. */
  readonly hybridEvery?: number;
}

/** `limit`: bytes per second of each torrent. */
export async function labSeed(
  scratch: string,
  { count, bytes, hybridEvery = 0 }: LabTorrents,
  limit: number,
): Promise<LabSeed> {
  const [folder, data] = [join(scratch, 'torrents'), join(scratch, 'data')];
  mkdirSync(folder);
  mkdirSync(data);
  const torrents = Array.from({ length: count }, (_, i) => {
    const name = `set-${String(i).padStart(3, '0')}`;
    const content = repeated(drawnBytes(dice(i + 1))(4_096), bytes, i);
    const files = [
      { path: 'a.bin', bytes: content.subarray(0, bytes >> 2) },
      { path: 'inner/b.bin', bytes: content.subarray(bytes >> 2) },
    ];
    mkdirSync(join(data, name, 'inner'), { recursive: true });
    for (const file of files) writeFileSync(join(data, name, file.path), file.bytes);
    const file = join(folder, `${name}.torrent`);
    if (hybridEvery > 0 && (i + 1) % hybridEvery === 0)
      libtorrentTorrent(join(data, name), file, 'hybrid', PIECE);
    else writeFileSync(file, madeTorrent(files, PIECE, name).torrent);
    const [id = '', otherId = null] = keysOf({ kind: 'torrent', metainfo: loadTorrent(file) });
    return { id, otherId, name, file, data: content };
  });
  const script = join(ROOT, 'test', 'interop', 'clients', 'libtorrent-seeds.py');
  const child = spawn(PYTHON, [script, folder, data, HOST, String(limit)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const [, port] = await firstLine(child, /^port (\d+)/);
  return { torrents, folder, peer: `${HOST}:${port}`, stop: () => ended(child, () => child.stdin.end()) };
}

/** Each block differs, so that a block at a wrong place is noticed. */
function repeated(seed: Buffer, bytes: number, salt: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += seed.length) {
    seed.copy(content, at);
    content.writeUInt32LE((salt * 65_536 + at / seed.length) >>> 0, at);
  }
  return content;
}

/** The data of the torrent in this folder, compared with what it must be. */
export function isWhole({ data, name }: LabTorrent, folder: string): boolean {
  try {
    const found = ['a.bin', 'inner/b.bin'].map((path) => readFileSync(join(folder, name, path)));
    return Buffer.concat(found).equals(data);
  } catch {
    return false;
  }
}

export interface JobEvent {
  readonly type: string;
  readonly infoHash: string;
  readonly what: string;
  readonly message: string | null;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface LabOptions {
  readonly server: QueueServer;
  readonly peer: string;
  readonly lockMs: number;
  readonly scratch: string;
  /** More options of `fleet work`. */
  readonly work: readonly string[];
}

export class FleetLab {
  readonly #options: LabOptions;
  readonly #workers = new Set<LabWorker>();

  constructor(options: LabOptions) {
    this.#options = options;
  }

  get environment(): NodeJS.ProcessEnv {
    const { server, scratch } = this.#options;
    return { ...process.env, UNCHOKE_QUEUE: server.url, XDG_STATE_HOME: join(scratch, 'state') };
  }

  /** Runs `unchoke fleet …`; resolves to its stdout. */
  async fleet(...args: readonly string[]): Promise<string> {
    const { stdout } = await execute(process.execPath, [CLI, 'fleet', ...args], {
      env: this.environment,
      maxBuffer: 2 ** 26,
    });
    return stdout;
  }

  async status(): Promise<FleetStatus> {
    return JSON.parse(await this.fleet('status', '--json')) as FleetStatus;
  }

  /** Asks again and again, also while the server is away. */
  async until(
    what: string,
    isSo: (status: FleetStatus) => boolean,
    withinMs = DEADLINE_MS,
  ): Promise<FleetStatus> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const status = await this.status().catch(() => null);
      if (status !== null && isSo(status)) return status;
      assert.ok(
        performance.now() < deadline,
        `not ${what} in time: ${JSON.stringify(status)}\n${this.#said()}`,
      );
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    }
  }

  work(machine: string, output: string, ...more: readonly string[]): LabWorker {
    const { peer, lockMs, work } = this.#options;
    const off = ['--no-dht', '--no-lsd', '--no-utp', '--no-listen', '--shards', '1', '--hashers', '1'];
    const child = spawn(
      process.execPath,
      [
        ...[CLI, 'fleet', 'work', '--json', '--machine', machine, '-o', output, '--peer', peer],
        ...['--lock-time', `${lockMs}ms`, ...off, ...work, ...more],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: this.environment },
    );
    const worker = new LabWorker(child, machine, output);
    this.#workers.add(worker);
    return worker;
  }

  /** Of all workers that ever ran. */
  get events(): readonly JobEvent[] {
    return [...this.#workers].flatMap(({ events }) => events);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
  }

  #said(): string {
    return [...this.#workers].map(({ machine, text }) => `--- ${machine}\n${text.slice(-1_500)}`).join('\n');
  }
}

export class LabWorker {
  readonly machine: string;
  readonly output: string;
  readonly child: ChildProcess;
  readonly events: JobEvent[] = [];
  readonly ended: Promise<number | null>;
  text = '';
  #rest = '';
  readonly #watchers = new Set<() => void>();

  constructor(child: ChildProcess, machine: string, output: string) {
    this.child = child;
    this.machine = machine;
    this.output = output;
    child.stdout?.setEncoding('utf8').on('data', (part: string) => this.#read(part));
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
      this.#look();
    });
    this.ended = new Promise((resolve) => child.once('close', (status) => resolve(status)));
    void this.ended.then(() => this.#look());
  }

  /** Jobs that it has, as far as it has said. */
  get held(): string[] {
    const last = new Map(this.events.map(({ infoHash, what }) => [infoHash, what]));
    return [...last].flatMap(([id, what]) => (what === 'taken' ? [id] : []));
  }

  /** Resolves when it is so; rejects if the worker ends, or after a while. */
  until(what: string, isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => end(new Error(`${this.machine}: not ${what}: ${this.text}`)),
        DEADLINE_MS,
      );
      const end = (error: Error | null): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (error === null) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (isSo()) return end(null);
        if (this.child.exitCode !== null || this.child.signalCode !== null)
          end(new Error(`${this.machine} ended without ${what}: ${this.text}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }

  #read(part: string): void {
    this.#rest += part;
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as JobEvent;
      if (event.type === 'fleet-job') this.events.push(event);
      this.text += `${line}\n`;
    }
    this.#look();
  }

  #look(): void {
    for (const watch of this.#watchers) watch();
  }
}
