/** Leeches that cost as little as possible: one process written in C, compiled when it is needed. */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../test/support/paths.ts';
import type { Host } from './routed-hosts.ts';

export interface Wanted {
  /** Of the seed. */
  readonly address: string;
  readonly port: number;
  readonly infoHash: string;
  readonly bytes: number;
  readonly pieceBytes: number;
  readonly leeches: number;
  readonly bytesEach: number;
  /** Requests that each keeps open. */
  readonly inFlight: number;
  readonly limitS: number;
}

/** As the program prints it. */
export interface Taken {
  readonly seconds: number;
  readonly bytes: number;
  readonly connected: number;
  readonly unchoked: number;
  readonly finished: number;
  readonly errors: number;
  /** From the dial; -1 if nobody was unchoked. */
  readonly firstUnchokeMs: { readonly p50: number; readonly p99: number };
  readonly firstError: string;
}

export type Leeches = (wanted: Wanted) => Promise<Taken>;

/** The two first bytes of their addresses: each has its own. */
const NETWORK = '11.1';
const SPARE_S = 20;

export function leanLeeches(host: Host, scratch: string): Leeches {
  const program = join(scratch, 'lean-leech');
  execFileSync('gcc', ['-O2', '-o', program, join(ROOT, 'bench', 'clients', 'lean-leech.c')]);
  const run = (command: readonly string[]): unknown => execFileSync(command[0] as string, command.slice(1));
  run(host.command(['ip', 'route', 'add', 'local', `${NETWORK}.0.0/16`, 'dev', 'lo']));
  run(['ip', 'route', 'add', `${NETWORK}.0.0/16`, 'via', host.address]);
  return async (wanted) => {
    const { address, port, infoHash, bytes, pieceBytes, leeches, bytesEach, inFlight, limitS } = wanted;
    const figures = [port, infoHash, bytes, pieceBytes, leeches, bytesEach, inFlight, limitS].map(String);
    const [command, ...args] = host.command([program, address, ...figures, NETWORK]) as [string, ...string[]];
    const { stdout } = await promisify(execFile)(command, args, { timeout: (limitS + SPARE_S) * 1_000 });
    return JSON.parse(stdout) as Taken;
  };
}
