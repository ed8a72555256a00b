/** Real Redis and PostgreSQL, each in a folder and at a port of its own, with a password. They can crash and come back. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, freePort, READY_MS } from './processes.ts';

export const SECRET = 'very-secret-word';

export interface QueueServer {
  /** With its password. */
  readonly url: string;
  readonly port: number;
  /** Ends it as a crash does; what it has confirmed is on the disk. */
  crash(): Promise<void>;
  begin(): Promise<void>;
  stop(): Promise<void>;
}

export type ServerKind = 'redis' | 'postgres';

export const QUEUE_SERVERS: Readonly<Record<ServerKind, (scratch: string) => Promise<QueueServer>>> = {
  redis: redisServer,
  postgres: postgresServer,
};

export async function redisServer(scratch: string): Promise<QueueServer> {
  const folder = join(scratch, 'redis');
  mkdirSync(folder);
  const port = await freePort();
  const keeps = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const at = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  return server(`redis://:${SECRET}@127.0.0.1:${port}`, port, () =>
    spawn('redis-server', [...at, ...keeps, '--requirepass', SECRET], { stdio: 'ignore' }),
  );
}

/** PostgreSQL refuses to run as root, so it runs as the user that its package has made. */
export async function postgresServer(): Promise<QueueServer> {
  // Of its own user, who cannot enter a folder of ours.
  const folder = mkdtempSync(join(tmpdir(), 'unchoke-postgres-'));
  const who = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (who.uid !== undefined && who.gid !== undefined) chownSync(folder, who.uid, who.gid);
  const port = await freePort();
  const bin = binaries();
  const data = join(folder, 'data');
  const secret = join(folder, 'password');
  writeFileSync(secret, `${SECRET}\n`);
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'fleet', '-A', 'scram-sha-256', `--pwfile=${secret}`],
    {
      ...who,
      cwd: folder,
      encoding: 'utf8',
    },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}${String(made.error ?? '')}`);
  const at = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-p', String(port)];
  const postgres = await server(
    `postgres://fleet:${SECRET}@127.0.0.1:${port}/postgres`,
    port,
    () => spawn(join(bin, 'postgres'), ['-D', data, ...at], { ...who, cwd: folder, stdio: 'ignore' }),
    'SIGQUIT',
  );
  const stop = async (): Promise<void> => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...postgres, stop };
}

/** `crash`: SIGKILL would leave children of PostgreSQL behind; SIGQUIT ends it at once, and it recovers at the next start. */
async function server(
  url: string,
  port: number,
  start: () => ChildProcess,
  crash: NodeJS.Signals = 'SIGKILL',
): Promise<QueueServer> {
  let child: ChildProcess | null = null;
  const begin = async (): Promise<void> => {
    const starting = start();
    child = starting;
    await listens(port, starting);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = null;
    if (running !== null) await ended(running, () => running.kill(signal));
  };
  await begin();
  return { url, port, begin, crash: () => end(crash), stop: () => end(crash) };
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await connects(port))) {
    if (performance.now() > deadline || child.exitCode !== null) throw new Error(`no server at port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
}

/** Debian has a folder for each version. */
function binaries(): string {
  const root = '/usr/lib/postgresql';
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return join(root, newest ?? '', 'bin');
}
