/**
 * Time to first unchoke against the oracle: strategies, numbers of peers, shards. The swarm runs in its own process, each race
 * in a new one, with several swarm seeds each. `npm run bench:race -- --help` shows the options.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type SwarmChild, startSwarm } from '../src/main/cli/runs/swarm-child.ts';
import { machineLine } from './machine.ts';
import { joined, type Row, recordOf } from './record.ts';

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'main', 'cli.js');
const HELP = `usage: npm run bench:race -- [--peers 200,1000,5000] [--seeds 1,2,3,4,5] [--shards 1,2,4]
  [--strategies first-unchoke,first-connect,sequential] [--bound 20] [--json FILE] [--compare FILE]
  --bound: seconds after which a race counts as lost; the slower strategies run only with the first number of shards`;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '200,1000,5000' },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    shards: { type: 'string', default: '1,2,4' },
    strategies: { type: 'string', default: 'first-unchoke,first-connect,sequential' },
    bound: { type: 'string', default: '20' },
    json: { type: 'string' },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const MIB = 2 ** 20;
const numbers = (text: string): number[] => text.split(',').map(Number);

interface Summary {
  readonly ttfuMs: number | null;
  readonly peakRssBytes: number;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly shards: readonly { readonly lagMaxMs: number }[];
}

function race(torrent: string, strategy: string, shards: number): Promise<Summary> {
  const how = ['--dial-rate', '0', '--half-open', '0', '--shards', String(shards), '--strategy', strategy];
  const end = ['--until', 'first-unchoke', '--first-unchoke-timeout', `${values.bound}s`];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [CLI, 'race', torrent, '--json', '--quiet', '--no-dht', '--no-lsd', ...how, ...end],
      { maxBuffer: 2 ** 26 },
      (error, stdout) => {
        const line = stdout.split('\n').find((text) => text.startsWith('{"type":"summary"'));
        if (line === undefined) reject(error ?? new Error('the race told no summary'));
        else resolve(JSON.parse(line) as Summary);
      },
    );
  });
}

/** One race. If no peer unchoked within the limit: no time, and no distance from the oracle. */
async function measure(
  swarm: SwarmChild,
  { peers, strategy, shards }: { readonly peers: number; readonly strategy: string; readonly shards: number },
  idle: number,
): Promise<Row> {
  const told = await race(swarm.info.torrent, strategy, shards);
  const oracleMs = swarm.info.oracle?.ms ?? Number.NaN;
  const won = told.ttfuMs === null ? {} : { 'TTFU ms': [told.ttfuMs], 'behind ms': [told.ttfuMs - oracleMs] };
  return {
    name: `${strategy}, ${peers} peers, ${shards} shards`,
    figures: {
      'oracle ms': [oracleMs],
      'TTFU ms': [],
      'behind ms': [],
      ...won,
      'RSS MiB': [told.peakRssBytes / MIB],
      'KiB/peer': [(told.peakRssBytes - idle) / peers / 1_024],
      'CPU ms': [told.cpuUserMs + told.cpuSystemMs],
      'lag max ms': [Math.max(0, ...told.shards.map(({ lagMaxMs }) => lagMaxMs))],
    },
  };
}

/** The process without peers: the base for memory per peer. */
async function idleRss(folder: string): Promise<number> {
  const torrent = join(folder, 'idle.torrent');
  const swarm = await startSwarm({ ...SWARM, peers: 1, seed: 1, mix: 'seeds', torrent });
  const { peakRssBytes } = await race(torrent, 'first-unchoke', 1);
  await swarm.stop();
  return peakRssBytes;
}

const SWARM = { payloadBytes: 2 ** 24, pieceBytes: 2 ** 18, rate: 0, rttMs: 0, lifetimeMs: 600_000 };

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  process.stdout.write(
    `${machineLine()}\nmix wild, seeds ${values.seeds}, --dial-rate 0 --half-open 0; medians, (least..most)\n\n`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
  const measured: Row[] = [];
  try {
    const idle = await idleRss(folder);
    const shards = numbers(values.shards);
    for (const peers of numbers(values.peers)) {
      for (const seed of numbers(values.seeds)) {
        const swarm = await startSwarm({
          ...SWARM,
          peers,
          seed,
          mix: 'wild',
          torrent: join(folder, 'race.torrent'),
        });
        for (const strategy of values.strategies.split(',')) {
          for (const count of strategy === 'first-unchoke' ? shards : shards.slice(0, 1)) {
            measured.push(await measure(swarm, { peers, strategy, shards: count }, idle));
          }
        }
        await swarm.stop();
      }
    }
    const rows = joined(measured);
    process.stdout.write(
      `${recordOf(rows, values)}\n\nidle process: ${(idle / MIB).toFixed(0)} MiB\n${lost(rows)}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The strategies that did not win every race. */
function lost(rows: readonly Row[]): string {
  return rows
    .map(({ name, figures }) => ({
      name,
      won: figures['TTFU ms']?.length ?? 0,
      of: figures['oracle ms']?.length ?? 0,
    }))
    .filter(({ won, of }) => won < of)
    .map(
      ({ name, won, of }) =>
        `${name}: won ${won} of ${of}; no unchoke in the others within ${values.bound} s\n`,
    )
    .join('');
}

await main();
