/** Runs the loopback swarm as a child process. It is named by file only, because main may not import the swarm. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../failure.ts';
import { SWARM_FILE } from '../../worker-files.ts';

export interface SwarmRequest {
  readonly peers: number;
  readonly seed: number;
  readonly mix: string;
  readonly payloadBytes: number;
  /** 1 by default. */
  readonly files?: number;
  readonly pieceBytes: number;
  readonly rate: number;
  readonly rttMs: number;
  /** The first byte of all addresses; 127 by default. */
  readonly network?: number;
  readonly torrent: string;
  readonly lifetimeMs: number;
}

/** How the swarm describes itself when it listens; see `src/swarm/swarm-process.ts`. */
export interface SwarmInfo {
  readonly torrent: string;
  readonly infoHash: string;
  readonly announce: string;
  readonly peers: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly trueTimeout: boolean;
  readonly oracle: {
    readonly ms: number;
    readonly peer: string;
    readonly handshakeMs: number;
    readonly unchokeMs: number;
  } | null;
}

export interface SwarmChild {
  readonly info: SwarmInfo;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when every peer of the swarm listens. Rejects with a `usage` failure with the swarm's own message. */
export async function startSwarm(request: SwarmRequest): Promise<SwarmChild> {
  const file = fileURLToPath(SWARM_FILE);
  const child = spawn(process.execPath, [file, JSON.stringify(request)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const info = await firstLine(child);
  return {
    info,
    ended,
    stop: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}

/** `detached`: Ctrl-C in the terminal must not reach the swarm before the run that uses it. It ends when its stdin closes. */
function firstLine(child: ChildProcess): Promise<SwarmInfo> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.once('error', (error) =>
      reject(new Failure('bug', `the swarm cannot be started: ${error.message}`, { cause: error })),
    );
    child.once('exit', () =>
      reject(new Failure('usage', complaint.trim() || 'the swarm ended before it listened')),
    );
    if (child.stdout !== null)
      createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line) as SwarmInfo));
  });
}
