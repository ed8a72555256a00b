/**
 * Time to first unchoke against the oracle: strategies, numbers of peers, shards. The swarm runs in a process of its own,
 * each race in a fresh one, several swarm seeds each. `npm run bench:race -- --help` for the options.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type SwarmChild, startSwarm } from '../src/main/swarm-child.ts';
import { machine, machineLine } from './machine.ts';
import { median, spread, table } from './statistics.ts';

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'main', 'cli.js');
const HELP = `usage: npm run bench:race -- [--peers 200,1000,5000] [--seeds 1,2,3,4,5] [--shards 1,2,4]
  [--strategies first-unchoke,first-connect,sequential] [--bound 20] [--json FILE]
  --bound: seconds after which a race counts as lost; the slower strategies are run at the first number of shards only`;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '200,1000,5000' },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    shards: { type: 'string', default: '1,2,4' },
    strategies: { type: 'string', default: 'first-unchoke,first-connect,sequential' },
    bound: { type: 'string', default: '20' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const numbers = (text: string): number[] => text.split(',').map(Number);

interface Measurement {
  readonly peers: number;
  readonly seed: number;
  readonly strategy: string;
  readonly shards: number;
  /** Null: nobody unchoked within the bound. */
  readonly ttfuMs: number | null;
  readonly oracleMs: number;
  readonly peakRssBytes: number;
  readonly cpuMs: number;
  readonly lagMaxMs: number;
}

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

async function measure(
  swarm: SwarmChild,
  peers: number,
  seed: number,
  strategy: string,
  shards: number,
): Promise<Measurement> {
  const told = await race(swarm.info.torrent, strategy, shards);
  return {
    peers,
    seed,
    strategy,
    shards,
    ttfuMs: told.ttfuMs,
    oracleMs: swarm.info.oracle?.ms ?? Number.NaN,
    peakRssBytes: told.peakRssBytes,
    cpuMs: told.cpuUserMs + told.cpuSystemMs,
    lagMaxMs: Math.max(0, ...told.shards.map(({ lagMaxMs }) => lagMaxMs)),
  };
}

/** The process with nobody to race: what memory per peer is counted from. */
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
  const all: Measurement[] = [];
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
            all.push(await measure(swarm, peers, seed, strategy, count));
          }
        }
        await swarm.stop();
      }
    }
    process.stdout.write(`${summaryOf(all, idle)}\n\nidle process: ${(idle / 2 ** 20).toFixed(0)} MiB\n`);
    if (values.json !== undefined)
      writeFileSync(
        values.json,
        JSON.stringify({ machine: machine(), idleRssBytes: idle, measurements: all }, null, 1),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summaryOf(all: readonly Measurement[], idle: number): string {
  const groups = new Map<string, Measurement[]>();
  for (const one of all) {
    const key = `${one.peers} ${one.strategy} ${one.shards}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rows = [...groups.values()].map((group) => {
    const { peers, strategy, shards } = group[0] as Measurement;
    const won = group.filter(({ ttfuMs }) => ttfuMs !== null);
    const behind = won.map(({ ttfuMs, oracleMs }) => (ttfuMs ?? 0) - oracleMs);
    const rss = median(group.map(({ peakRssBytes }) => peakRssBytes));
    const text = (list: readonly number[]) => (list.length === 0 ? '-' : Math.round(median(list)).toString());
    return [
      strategy,
      String(peers),
      String(shards),
      text(won.map(({ ttfuMs }) => ttfuMs ?? 0)),
      text(group.map(({ oracleMs }) => oracleMs)),
      behind.length === 0 ? '-' : `${text(behind)} (${spread(behind)})`,
      `${won.length}/${group.length}`,
      (rss / 2 ** 20).toFixed(0),
      ((rss - idle) / peers / 1_024).toFixed(1),
      text(group.map(({ cpuMs }) => cpuMs)),
      text(group.map(({ lagMaxMs }) => lagMaxMs)),
    ];
  });
  const head = [
    'strategy',
    'peers',
    'shards',
    'TTFU ms',
    'oracle ms',
    'behind ms',
    'won',
    'RSS MiB',
    'KiB/peer',
    'CPU ms',
    'lag max ms',
  ];
  return table([head, ...rows]);
}

await main();
