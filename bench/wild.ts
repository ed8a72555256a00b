/**
 * A small file from a wild swarm, where most addresses are useless, with every installed client: from the start of the process
 * to the announce, the first dial, the first unchoke and the end. The swarm measures the times, so they are comparable. Each
 * round is another swarm, the same for all clients. `npm run bench:wild -- --help` shows the options.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startSwarm } from '../src/main/cli/runs/swarm-child.ts';
import { parseSize } from '../src/main/text/units.ts';
import { loadTorrent } from '../src/main/torrent/load.ts';
import type { SwarmFirsts } from '../src/swarm/swarm.ts';
import { assertPayload } from '../test/support/swarm-fixture.ts';
import { type Client, chosen } from './clients.ts';
import { machineLine } from './machine.ts';
import { type Cost, measured } from './measured.ts';
import { NAMESPACE_NETWORK, ranInside } from './namespace.ts';
import { type Figures, interleaved, joined, type Row, recordOf } from './record.ts';
import { median, table } from './statistics.ts';

const HELP = `usage: npm run bench:wild -- [--peers 200,1000] [--size 10M] [--rounds 5] [--clients unchoke,aria2,…] [--bound 60]
  [--until end|unchoke] [--json FILE] [--compare FILE]
  --bound: seconds after which a client has failed; each round has a swarm with another seed
  --until unchoke: a client is stopped as soon as it is unchoked
  As root it runs in its own network namespace with addresses other than loopback, because transmission dials no loopback.`;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '200,1000' },
    size: { type: 'string', default: '10M' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: 'all' },
    bound: { type: 'string', default: '60' },
    until: { type: 'string', default: 'end' },
    json: { type: 'string' },
    compare: { type: 'string' },
    inside: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const UNCHOKED = 's to the first unchoke';
const LOOK_EVERY_MS = 20;

interface Wild {
  readonly torrent: string;
  /** Of the swarm's tracker. */
  readonly stats: string;
  /** The time of the best peer, from its dial to its unchoke. */
  readonly oracleMs: number;
}

async function firstsOf(stats: string): Promise<SwarmFirsts> {
  return ((await (await fetch(stats)).json()) as { firsts: SwarmFirsts }).firsts;
}

/** A client that is late or writes other data gives no figures for that round. */
async function download(client: Client, wild: Wild, scratch: string): Promise<Figures | null> {
  const output = mkdtempSync(join(scratch, 'out-'));
  const { torrent, stats } = wild;
  const over = new AbortController();
  try {
    await fetch(`${stats}?anew`);
    const command = client.command({ torrent, output, scratch });
    const enough = values.until === 'unchoke' ? unchoked(stats, over.signal) : undefined;
    const cost = await measured(command, scratch, Number(values.bound), enough);
    if (values.until === 'end') assertPayload(torrent, join(output, loadTorrent(torrent).name));
    return figuresOf(cost, await firstsOf(stats), wild.oracleMs);
  } catch (error) {
    process.stdout.write(
      `${client.name}: no figure for this round: ${(error as Error).message.slice(0, 200)}\n`,
    );
    return null;
  } finally {
    over.abort();
    rmSync(output, { recursive: true, force: true });
  }
}

async function unchoked(stats: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await firstsOf(stats)).requestAt === null) await sleep(LOOK_EVERY_MS);
}

function figuresOf(cost: Cost, firsts: SwarmFirsts, oracleMs: number): Figures {
  const { announceAt, acceptAt, unchokeAt } = firsts;
  if (announceAt === null || acceptAt === null || unchokeAt === null)
    throw new Error(`it ended without an unchoke: ${cost.lastWords}`);
  return {
    's to the announce': [(announceAt - cost.beganAtMs) / 1_000],
    'first dial': [(acceptAt - cost.beganAtMs) / 1_000],
    [UNCHOKED]: [(unchokeAt - cost.beganAtMs) / 1_000],
    'ms from the announce, behind the oracle': [unchokeAt - announceAt - oracleMs],
    ...(values.until === 'end' ? { 's to the end': [cost.wallS] } : {}),
    'CPU s': [cost.userS + cost.systemS],
    'RSS MiB': [cost.rssBytes / 2 ** 20],
  };
}

/** The time of each client as a multiple of the first one's, by medians. */
function factors(rows: readonly Row[]): string {
  const [own, ...others] = rows.filter(({ figures }) => figures[UNCHOKED] !== undefined);
  if (own === undefined || others.length === 0) return '';
  const names = [UNCHOKED, 's to the end'].filter((name) => own.figures[name] !== undefined);
  const cell = (row: Row, name: string): string =>
    (median(row.figures[name] ?? []) / median(own.figures[name] ?? [])).toFixed(2);
  return `\nas a multiple of ${own.name}\n${table([
    ['', ...names],
    ...others.map((row) => [row.name, ...names.map((name) => cell(row, name))]),
  ])}\n`;
}

async function inSwarm(
  peers: number,
  seed: number,
  clients: readonly Client[],
  scratch: string,
): Promise<Row[]> {
  const torrent = join(scratch, 'wild.torrent');
  const setting = {
    mix: 'wild',
    payloadBytes: parseSize('--size', values.size),
    pieceBytes: 2 ** 18,
    rate: 0,
    ...(values.inside ? { network: NAMESPACE_NETWORK } : {}),
  };
  const swarm = await startSwarm({ ...setting, peers, seed, rttMs: 0, torrent, lifetimeMs: 1_800_000 });
  try {
    const wild = {
      torrent,
      stats: swarm.info.announce.replace('/announce', '/stats'),
      oracleMs: swarm.info.oracle?.ms ?? Number.NaN,
    };
    const oracle = { name: 'the best peer alone', figures: { [UNCHOKED]: [wild.oracleMs / 1_000] } };
    return [...(await interleaved(clients, 1, (client) => download(client, wild, scratch))), oracle];
  } finally {
    await swarm.stop();
  }
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  if (!values.inside && ranInside()) return;
  const scratch = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
  process.stdout.write(
    `${machineLine()}\n${values.size} from a wild swarm, ${values.rounds} rounds with seeds from 1; median (least..most)\n`,
  );
  try {
    const clients = chosen(values.clients, values.inside);
    const rows: Row[] = [];
    for (const peers of values.peers.split(',').map(Number)) {
      const rounds: Row[] = [];
      for (let seed = 1; seed <= Number(values.rounds); seed++)
        rounds.push(...(await inSwarm(peers, seed, clients, scratch)));
      const own = joined(rounds).map(({ name, figures }) => ({ name: `${peers} peers: ${name}`, figures }));
      process.stdout.write(factors(own));
      rows.push(...own);
    }
    process.stdout.write(`\n${recordOf(rows, values)}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
