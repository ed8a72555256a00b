/**
 * A client in a swarm of real clients whose uplinks are the bottleneck, so that tit for tat decides: few seeds and many leechers,
 * many seeds, a flash crowd, a swarm in the middle of its life. Interleaved rounds, the same swarm for each client.
 * `npm run bench:mixed -- --help` shows the options.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeTorrent } from '../test/support/seeds.ts';
import { type AnnounceTracker, openTracker } from './announce-tracker.ts';
import { runApart } from './apart.ts';
import type { Client } from './clients.ts';
import { machineLine } from './machine.ts';
import { machineLoad } from './machine-load.ts';
import { measured } from './measured.ts';
import { mixedSwarm, type Scenario } from './mixed-swarm.ts';
import { writePayload } from './payload.ts';
import { type Figures, interleaved, type Row, recordOf } from './record.ts';
import { type Host, routedHosts } from './routed-hosts.ts';
import { uploadingClients } from './uploading-clients.ts';

const HELP = `usage: npm run bench:mixed -- [--scenario leechers,seeds,flash,middle] [--rounds 5] [--clients all] [--size 64] [--leechers N]
  [--seed-rate 400] [--join S] [--limit 600] [--leave yes|no] [--json FILE] [--compare FILE]
  --scenario: leechers (1 seed, 20 leechers), seeds (8 seeds, 12 leechers), flash (1 seed, 30 leechers that begin within 5 s),
    middle (1 seed, 20 leechers that begin with half of the pieces, each with others)
  --clients: unchoke, unchoke@CLI (another build), libtorrent, aria2, transmission, each with its defaults and an upload limit
  --size: MiB, in pieces of 256 KiB
  --leechers: how many, in every scenario
  --seed-rate: KiB/s that each seed uploads at most
  --join: seconds after the first leecher until the client begins (10, flash: 2.5); with 0 it is a race for
    the seeds' free slots, which a quick start wins
  --limit: seconds after which a client has failed
  --leave: whether a leecher that has all leaves; no: it stays as a seed
  A quick look: --scenario leechers --rounds 1 --size 8 --leechers 6 --join 2
  It needs root: each peer is in a network namespace of its own.`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'leechers,seeds,flash,middle' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: 'all' },
    size: { type: 'string', default: '64' },
    leechers: { type: 'string' },
    join: { type: 'string' },
    'seed-rate': { type: 'string', default: '400' },
    limit: { type: 'string', default: '600' },
    leave: { type: 'string', default: 'yes' },
    json: { type: 'string' },
    compare: { type: 'string' },
    inside: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const PIECE_EXPONENT = 18;
const FILE = 'payload.bin';
/** Of every leecher and of the client under test, bytes a second. */
const UPLOAD_LIMIT = 400 * KIB;
const seedLimit = Number(values['seed-rate']) * KIB;
const SPARE_LIFETIME_S = 120;
const limitS = Number(values.limit);
const bytes = Number(values.size) * MIB;
const stay = values.leave === 'no';

const SCENARIOS: readonly Scenario[] = [
  { name: 'leechers', seeds: 1, leechers: 20, have: 0, spreadS: 0, joinS: 10, stay },
  { name: 'seeds', seeds: 8, leechers: 12, have: 0, spreadS: 0, joinS: 10, stay },
  { name: 'flash', seeds: 1, leechers: 30, have: 0, spreadS: 5, joinS: 2.5, stay },
  { name: 'middle', seeds: 1, leechers: 20, have: 0.5, spreadS: 0, joinS: 10, stay },
];

interface Setting {
  readonly torrent: string;
  /** Of the seeds. */
  readonly folder: string;
  readonly scratch: string;
  readonly tracker: AnnounceTracker;
  /** Of the client under test. */
  readonly host: Host;
  readonly others: readonly Host[];
}

function scenariosNamed(names: string): Scenario[] {
  return names.split(',').map((name) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (scenario === undefined) throw new Error(`--scenario ${name}: see --help`);
    const { leechers, joinS } = scenario;
    return {
      ...scenario,
      leechers: Number(values.leechers ?? leechers),
      joinS: Number(values.join ?? joinS),
    };
  });
}

/** What the uplinks of the swarm allow. */
function boundsOf({ name, seeds, leechers, have }: Scenario): string {
  const all = ((leechers * (1 - have) + 1) * bytes) / (seeds * seedLimit + (leechers + 1) * UPLOAD_LIMIT);
  const one = bytes / (seeds * seedLimit);
  return (
    `${name}: ${seeds} seeds, ${leechers} leechers and the client; all uplinks deliver all bytes in ${all.toFixed(0)} s, ` +
    `the seeds' uplinks deliver one copy in ${one.toFixed(0)} s`
  );
}

/** One download in one swarm. A client that is not done in time has the limit as its time. */
async function inSwarm(scenario: Scenario, client: Client, setting: Setting): Promise<Figures | null> {
  const { torrent, scratch, tracker, host } = setting;
  tracker.forget();
  const content = {
    ...setting,
    uploadLimit: UPLOAD_LIMIT,
    seedLimit,
    lifetimeS: limitS + SPARE_LIFETIME_S,
    client: host.address,
    file: FILE,
    pieceBytes: 2 ** PIECE_EXPONENT,
  };
  const swarm = await mixedSwarm(scenario, setting.others, content);
  const output = mkdtempSync(join(scratch, 'out-'));
  const receivedMiB = (): number => Math.min(bytes, swarm.exchange().received) / MIB;
  let atHalf: number | null = null;
  let halfS: number | null = null;
  let begunAt = performance.now();
  void swarm.half.then(() => {
    halfS = (performance.now() - begunAt) / 1_000;
    atHalf = receivedMiB();
  });
  const load = machineLoad();
  try {
    swarm.beginSeeds();
    await tracker.known(scenario.seeds);
    begunAt = performance.now();
    const begun = swarm.beginLeechers();
    await sleep(scenario.joinS * 1_000);
    const cost = await measuredOn(host, client.command({ torrent, output, scratch }), scratch);
    const isDone = cost !== null;
    // The last half second of its connections was not counted.
    const receivedInAll = isDone ? bytes / MIB : receivedMiB();
    await begun;
    if (isDone) check(setting.folder, output);
    const s = cost?.wallS ?? limitS;
    process.stdout.write(
      `${client.name}: ${isDone ? 'done' : 'not done'} after ${s.toFixed(1)} s, ${receivedInAll.toFixed(1)} MiB received; ` +
        `${swarm.finished()} of ${scenario.leechers} leechers done before\n`,
    );
    return {
      s: [s],
      'done in time': [isDone ? 1 : 0],
      'KiB/s': [(receivedInAll * KIB) / s],
      ...(halfS === null ? {} : { 'half of the leechers s': [halfS] }),
      'MiB at that time': [atHalf ?? receivedInAll],
      'leechers done before': [swarm.finished()],
      'MiB uploaded': [swarm.exchange().uploaded / MIB],
      ...(cost === null ? {} : { 'CPU s': [cost.userS + cost.systemS] }),
      'machine busy %': [load() * 100],
    };
  } catch (error) {
    process.stdout.write(
      `${client.name}: no figure for this round: ${(error as Error).message.slice(0, 300)}\n`,
    );
    return null;
  } finally {
    await swarm.stop();
    rmSync(output, { recursive: true, force: true });
  }
}

/** Null if it is not done in time. */
async function measuredOn(host: Host, command: readonly string[], scratch: string) {
  const begun = performance.now();
  try {
    return await measured(host.command(command), scratch, limitS);
  } catch (error) {
    if (performance.now() - begun < limitS * 1_000) throw error;
    return null;
  }
}

function check(folder: string, output: string): void {
  const { status, stdout } = spawnSync('diff', ['-rq', folder, output]);
  if (status !== 0) throw new Error(`wrong output: ${String(stdout).slice(0, 300)}`);
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  const scratch = values.inside;
  if (scratch === undefined) return runApart();
  const scenarios = scenariosNamed(values.scenario);
  process.stdout.write(
    `${machineLine()}\n${values.size} MiB, ${UPLOAD_LIMIT / KIB} KiB/s of upload for each peer, ${stay ? 'leechers that have all stay' : 'leechers that have all leave'}, ${values.rounds} rounds; median (least..most)\n`,
  );
  const clients = uploadingClients(values.clients, UPLOAD_LIMIT);
  const routed = await routedHosts(1 + Math.max(...scenarios.map(({ seeds, leechers }) => seeds + leechers)));
  const [host, ...others] = routed.hosts as [Host, ...Host[]];
  const tracker = await openTracker(routed.router);
  const folder = join(scratch, 'source');
  const torrent = join(scratch, 'payload.torrent');
  mkdirSync(folder);
  writePayload(join(folder, FILE), bytes);
  makeTorrent(join(folder, FILE), torrent, PIECE_EXPONENT, tracker.announce);
  const setting = { torrent, folder, scratch, tracker, host, others };
  const rows: Row[] = [];
  for (const scenario of scenarios) {
    process.stdout.write(`\n${boundsOf(scenario)}\n`);
    const found = await interleaved(clients, Number(values.rounds), (client) =>
      inSwarm(scenario, client, setting),
    );
    rows.push(...found.map(({ name, figures }) => ({ name: `${scenario.name}: ${name}`, figures })));
  }
  process.stdout.write(`\n${recordOf(rows, values)}\n`);
  tracker.close();
  await routed.stop();
}

await main();
