/**
 * Several machines that need the same big thing: `get --cluster` beside as many separate downloads and as many libtorrents. Each node is a
 * network namespace with a fast network to the other nodes and a slow line to the outside, where a libtorrent seeds.
 * `npm run bench:cluster -- --help` shows the options.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CLI, ROOT } from '../test/support/paths.ts';
import { ended } from '../test/support/processes.ts';
import { makeTorrent } from '../test/support/seeds.ts';
import { runApart } from './apart.ts';
import { machineLine } from './machine.ts';
import { machineLoad } from './machine-load.ts';
import { keepOutside, limit, type OutsideLine, outsideLine } from './outside-lines.ts';
import { writePayload } from './payload.ts';
import { type Figures, interleaved, recordOf } from './record.ts';
import { type Host, routedHosts } from './routed-hosts.ts';

const HELP = `usage: npm run bench:cluster -- [--nodes 8] [--size 1024] [--line 40] [--shared 0] [--lan 0] [--one-line] [--rounds 3] [--ways cluster,apart,libtorrent]
  [--faults none,kill,late,slow,full,lie] [--limit 300] [--json FILE] [--compare FILE]
  --size: MiB, in pieces of 1 MiB
  --line: megabits per second from outside to each node; --shared: of one line for all of them, 0 for none
  --lan: megabits per second from each node to the others, 0 for no limit; --one-line: only the first node has a line worth the name
  --ways: cluster, apart (each node for itself), libtorrent (N libtorrents that know each other)
  --faults: of the cluster only. kill: a node is killed at half; late: one begins at a third; slow: the line of one has a tenth;
    full: the disk of one has room for half; lie: the file of one is overwritten while it gives
  A quick look: --nodes 4 --size 64 --line 40 --rounds 1 --faults none
  It needs root: each node is in a network namespace of its own.`;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '8' },
    size: { type: 'string', default: '1024' },
    line: { type: 'string', default: '40' },
    shared: { type: 'string', default: '0' },
    lan: { type: 'string', default: '0' },
    'one-line': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    ways: { type: 'string', default: 'cluster,apart,libtorrent' },
    faults: { type: 'string', default: 'none' },
    limit: { type: 'string', default: '300' },
    json: { type: 'string' },
    compare: { type: 'string' },
    inside: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const FAULTS = ['none', 'kill', 'late', 'slow', 'full', 'lie'] as const;
type Fault = (typeof FAULTS)[number];
const WAYS = ['cluster', 'apart', 'libtorrent'] as const;
type Way = (typeof WAYS)[number];

const MIB = 2 ** 20;
const PIECE_EXPONENT = 20;
const FILE = 'payload.bin';
const SEED_PORT = 7_000;
const bytes = Number(values.size) * MIB;
const nodes = Number(values.nodes);
const line = Number(values.line);
const shared = Number(values.shared);
const lan = Number(values.lan);
/** Of a node that has no line worth the name. */
const NO_LINE_MBIT = 0.1;
const limitS = Number(values.limit);

interface Place {
  readonly torrent: string;
  readonly source: string;
  readonly scratch: string;
  readonly hosts: readonly Host[];
  readonly outside: Host;
}

/** A node while it runs. */
interface Running {
  readonly i: number;
  readonly child: ChildProcess;
  readonly file: string;
  /** Seconds from its start until it was complete; null if it never was. */
  doneS: number | null;
  /** Verified bytes. */
  bytes: number;
  status: number | null;
  said: string;
}

/** Megabits per second from outside to node `i`. */
function lineOf(i: number, fault: Fault): number {
  if (values['one-line'] && i > 0) return NO_LINE_MBIT;
  return fault === 'slow' && i === 1 ? line / 10 : line;
}

/** Seconds in which the lines bring one copy to all nodes together. */
function optimumS(fault: Fault): number {
  const lines = Array.from({ length: nodes }, (_, i) => lineOf(i, fault)).reduce((sum, one) => sum + one, 0);
  return (bytes * 8) / ((shared > 0 ? Math.min(shared, lines) : lines) * 1e6);
}

function commandOf(way: Way, { torrent, hosts, outside }: Place, output: string, i: number): string[] {
  const seed = `${outside.address}:${SEED_PORT}`;
  if (way === 'libtorrent') {
    const peers = [seed, ...hosts.filter((_, other) => other !== i).map(({ address }) => `${address}:6881`)];
    return [
      '/usr/bin/python3',
      join(ROOT, 'bench', 'clients', 'libtorrent-node.py'),
      torrent,
      output,
      ...peers,
    ];
  }
  const common = ['get', torrent, '-o', output, '--json', '--peer', seed, '--no-dht', '--no-lsd'];
  const together = hosts.map(({ address }) => address).join(',');
  const cluster = ['--cluster', 'bench', '--cluster-nodes', together];
  return [process.execPath, CLI, ...common, ...(way === 'cluster' ? cluster : ['--no-listen'])];
}

function startNode(way: Way, fault: Fault, place: Place, i: number): Running {
  const output = join(place.scratch, `out${i}`);
  mkdirSync(output);
  const command = commandOf(way, place, output, i);
  const half = Math.round(bytes / 2);
  // The room of a small disk, in a mount namespace of its own.
  const small = `mount -t tmpfs -o size=${half} tmpfs ${output}; exec "$@"`;
  const isFull = fault === 'full' && i === 1;
  const [program = '', ...rest] = (place.hosts[i] as Host).command(
    isFull ? ['unshare', '--mount', 'sh', '-ec', small, 'sh', ...command] : command,
  );
  const begun = performance.now();
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UNCHOKE_CLUSTER_SECRET: 'of the bench' },
  });
  const running: Running = {
    i,
    child,
    file: join(output, FILE),
    doneS: null,
    bytes: 0,
    status: null,
    said: '',
  };
  createInterface(child.stdout as NodeJS.ReadableStream).on('line', (text) => {
    const event = JSON.parse(text) as { readonly type: string; readonly bytes?: number };
    if (event.type === 'progress') running.bytes = event.bytes ?? 0;
    if (event.type === 'complete') running.doneS ??= (performance.now() - begun) / 1_000;
  });
  child.stderr?.on('data', (text) => {
    running.said = `${running.said}${String(text)}`.slice(-1_000);
  });
  child.once('exit', (status) => {
    running.status = status ?? 1;
  });
  return running;
}

/** The file of a node is overwritten again and again: what it gives is wrong. */
async function lie({ file, child }: Running): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const { size } = statSync(file);
      const descriptor = openSync(file, 'r+');
      const garbage = Buffer.alloc(MIB, 0xa5);
      for (let at = 0; at < size; at += MIB) writeSync(descriptor, garbage, 0, Math.min(MIB, size - at), at);
      closeSync(descriptor);
    } catch {
      // It is not there yet.
    }
    await sleep(500);
  }
}

/** Waits until the first node has this share of all bytes. */
async function until(running: readonly Running[], share: number): Promise<void> {
  while ((running[0]?.bytes ?? 0) < bytes * share && running[0]?.status === null) await sleep(50);
}

/** Makes the trouble. Returns the nodes that need not be complete. */
async function trouble(fault: Fault, place: Place, running: Running[], way: Way): Promise<Set<number>> {
  switch (fault) {
    case 'kill':
      await until(running, 0.5);
      running[1]?.child.kill('SIGKILL');
      return new Set([1]);
    case 'late':
      await until(running, 0.33);
      running.push(startNode(way, fault, place, nodes - 1));
      return new Set();
    case 'lie':
      await until(running, 0.3);
      void lie(running[1] as Running);
      return new Set([1]);
    case 'full':
      return new Set([1]);
    default:
      return new Set();
  }
}

async function round(way: Way, fault: Fault, place: Place): Promise<Figures | null> {
  const { hosts, outside, scratch, torrent, source } = place;
  const lines: OutsideLine[] = hosts.map((host, i) => outsideLine(host, i, outside, lineOf(i, fault)));
  const [seedProgram = '', ...seedArguments] = outside.command([
    '/usr/bin/python3',
    join(ROOT, 'bench', 'clients', 'libtorrent-fast-seed.py'),
    ...[torrent, source, String(SEED_PORT)],
  ]);
  const seed = spawn(seedProgram, seedArguments, { stdio: ['pipe', 'ignore', 'inherit'] });
  await sleep(2_000);
  const load = machineLoad();
  const first = fault === 'late' ? nodes - 1 : nodes;
  const running = Array.from({ length: first }, (_, i) => startNode(way, fault, place, i));
  const begun = performance.now();
  const excused = await trouble(fault, place, running, way);
  const isOver = (): boolean =>
    running.length === (fault === 'late' ? nodes : first) &&
    running.every(({ i, doneS, status }) => doneS !== null || status !== null || excused.has(i));
  while (!isOver() && performance.now() - begun < limitS * 1_000) await sleep(50);
  const wallS = (performance.now() - begun) / 1_000;
  const busy = load();
  const received = lines.reduce((sum, one) => sum + one.received(), 0);
  // Nodes that wait for the last one end by themselves; the others were excused, or did not end in time.
  const grace = performance.now() + 5_000;
  while (running.some(({ status }) => status === null) && performance.now() < grace) await sleep(50);
  await Promise.all(running.map(({ child }) => ended(child, () => child.kill('SIGKILL'))));
  await ended(seed, () => seed.stdin?.end());
  const wrong = running.filter(
    ({ i, file }) => !excused.has(i) && spawnSync('diff', ['-q', file, join(source, FILE)]).status !== 0,
  );
  for (const one of lines) one.remove();
  for (let i = 0; i < nodes; i++) rmSync(join(scratch, `out${i}`), { recursive: true, force: true });
  const name = `${way}${fault === 'none' ? '' : ` ${fault}`}`;
  process.stdout.write(
    `${name}: ${wallS.toFixed(1)} s, ${(received / bytes).toFixed(3)} of the size from outside, ${wrong.length} wrong\n`,
  );
  if (wrong.length > 0) {
    for (const { i, status, said } of wrong) process.stdout.write(`  node ${i}: status ${status}: ${said}\n`);
    return null;
  }
  return {
    'all complete s': [wallS],
    'of the optimum': [wallS / optimumS(fault)],
    'outside / size': [received / bytes],
    'machine busy %': [busy * 100],
  };
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  const scratch = values.inside;
  if (scratch === undefined) return runApart();
  process.stdout.write(
    `${machineLine()}\n${nodes} nodes, ${values.size} MiB, ${line} Mbit/s from outside for each${shared > 0 ? `, ${shared} Mbit/s for all` : ''}; the optimum is ${optimumS('none').toFixed(1)} s; median (least..most)\n`,
  );
  const routed = await routedHosts(nodes + 1);
  const hosts = routed.hosts.slice(0, nodes);
  const outside = routed.hosts[nodes] as Host;
  keepOutside(outside);
  if (lan > 0) for (const host of hosts) limit('eth0', lan, host);
  // What leaves the outside host: the line that all share.
  if (shared > 0) limit('eth0', shared, outside);
  const source = join(scratch, 'source');
  const torrent = join(scratch, 'payload.torrent');
  mkdirSync(source);
  writePayload(join(source, FILE), bytes);
  makeTorrent(join(source, FILE), torrent, PIECE_EXPONENT, '');
  const place = { torrent, source, scratch, hosts, outside };
  const subjects = subjectsOf(values.ways.split(','), values.faults.split(','));
  const rows = await interleaved(subjects, Number(values.rounds), ({ way, fault }) =>
    round(way, fault, place),
  );
  process.stdout.write(`\n${recordOf(rows, values)}\n`);
  await routed.stop();
}

/** Only the cluster has faults. */
function subjectsOf(ways: readonly string[], faults: readonly string[]) {
  for (const one of [...faults, ...ways])
    if (![...FAULTS, ...WAYS].includes(one as Fault | Way)) throw new Error(`${one}: see --help`);
  return (ways as Way[]).flatMap((way) =>
    (way === 'cluster' ? (faults as Fault[]) : (['none'] as const)).map((fault) => ({
      ...{ way, fault },
      name: `${way}${fault === 'none' ? '' : ` ${fault}`}`,
    })),
  );
}

await main();
