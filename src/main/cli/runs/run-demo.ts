/** What `unchoke demo` does: a wild swarm on loopback, a race through it, a verified download, and what happened. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_SWARM_PAYLOAD_BYTES } from '../../../shared/limits.ts';
import { parseCount, parseSize } from '../../text/units.ts';
import { getFlags } from '../commands/get-flags.ts';
import { Console } from '../output/console.ts';
import { get } from './get.ts';
import { aloneContext } from './get-context.ts';
import { Interrupt } from './interrupt.ts';
import { swarmLines } from './run-swarm.ts';
import { type SwarmRequest, startSwarm } from './swarm-child.ts';

export interface Flags {
  readonly peers: string;
  readonly seed: string;
  readonly payload: string;
  readonly json: boolean;
  readonly report?: string;
}

/** A rate at which the first seed alone would take too long: the demo shows seeds joining as they unchoke. */
const RATE = 8 * 2 ** 20;
const LIFETIME_MS = 300_000;

export async function runDemo(flags: Flags): Promise<number> {
  const console = new Console({ json: flags.json, quiet: false });
  const folder = mkdtempSync(join(tmpdir(), 'unchoke-demo-'));
  const request: SwarmRequest = {
    peers: parseCount('--peers', flags.peers, 1),
    seed: parseCount('--seed', flags.seed),
    mix: 'wild',
    payloadBytes: parseSize('--payload', flags.payload, MAX_SWARM_PAYLOAD_BYTES),
    pieceBytes: 262_144,
    rate: RATE,
    rttMs: 0,
    torrent: join(folder, 'demo.torrent'),
    lifetimeMs: LIFETIME_MS,
  };
  const stop = new AbortController();
  const interrupt = new Interrupt(() => stop.abort());
  try {
    const swarm = await startSwarm(request);
    try {
      console.result([...swarmLines(swarm.info, request), '']);
      console.event('swarm', { ...swarm.info });
      const flagsOfGet = getFlags([
        '--output',
        folder,
        '--no-dht',
        '--no-lsd',
        ...(flags.json ? ['--json'] : []),
        ...(flags.report === undefined ? [] : ['--report', flags.report]),
      ]);
      const oracleMs = swarm.info.oracle?.ms ?? null;
      return await get(request.torrent, flagsOfGet, { ...aloneContext(console, stop.signal), oracleMs });
    } finally {
      await swarm.stop();
    }
  } finally {
    interrupt.release();
    rmSync(folder, { recursive: true, force: true });
    console.news(`end of the demo; ${folder} is removed`);
  }
}
