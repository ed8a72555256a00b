/** Runs `unchoke demo`: a wild swarm on loopback, a race, a verified download, and a report. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_SWARM_PAYLOAD_BYTES } from '../../../shared/limits.ts';
import { systemWords } from '../../../shared/system-words.ts';
import { Failure } from '../../failure.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../session/settings.ts';
import { parseCount, parseSize } from '../../text/units.ts';
import type { DemoFlags } from '../commands/demo.ts';
import { Console } from '../output/console.ts';
import { consoleOptions, type GetSettings, reportOf } from '../settings-from-flags.ts';
import { get } from './get.ts';
import { aloneContext } from './get-context.ts';
import { Interrupt } from './interrupt.ts';
import { swarmLines } from './run-swarm.ts';
import { type SwarmRequest, startSwarm } from './swarm-child.ts';
import { DOWNLOAD_ALONE, withSession } from './with-session.ts';

/** At this rate the first seed alone takes too long, so the demo shows more seeds joining when they unchoke. */
const RATE = 8 * 2 ** 20;
const LIFETIME_MS = 300_000;

export async function runDemo(flags: DemoFlags): Promise<number> {
  const settings = demoSettings(flags);
  const asked = {
    peers: parseCount('--peers', flags.peers, 1),
    seed: parseCount('--seed', flags.seed),
    payloadBytes: parseSize('--payload', flags.payload, MAX_SWARM_PAYLOAD_BYTES),
  };
  const console = new Console({ ...settings.console, keys: true });
  const folder = newFolder();
  const request: SwarmRequest = {
    ...asked,
    mix: 'wild',
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
      console.event({ type: 'swarm', ...swarm.info });
      const torrent = { ...settings.torrent, output: folder };
      const oracleMs = swarm.info.oracle?.ms ?? null;
      return await withSession(settings, DOWNLOAD_ALONE, (session) =>
        get(
          request.torrent,
          { ...settings, torrent },
          { ...aloneContext(console, session, stop.signal), oracleMs },
        ),
      );
    } finally {
      await swarm.stop();
    }
  } finally {
    interrupt.release();
    rmSync(folder, { recursive: true, force: true });
    console.news(`end of the demo; ${folder} is removed`);
  }
}

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'unchoke-demo-'));
  } catch (error) {
    throw new Failure(
      'disk',
      `${tmpdir()}: no folder can be created there: ${systemWords(error)}; name another place in the variable TMPDIR`,
      { cause: error },
    );
  }
}

/** The network of the demo is loopback. */
function demoSettings(flags: DemoFlags): GetSettings {
  return {
    session: { ...DEFAULT_SESSION, dht: false, lsd: false },
    torrent: DEFAULT_TORRENT,
    console: consoleOptions(flags),
    report: reportOf(flags),
    parallel: 1,
    onComplete: null,
    metrics: null,
    metricsPort: null,
    dryRun: false,
    choose: false,
  };
}
