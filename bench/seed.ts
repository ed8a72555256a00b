/**
 * One seed and many lean leeches on the same two cores: how much it sends, what a byte costs it, and how soon it unchokes.
 * Interleaved rounds. `npm run bench:seed -- --help` shows the options.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseSize } from '../src/main/text/units.ts';
import { loadTorrent } from '../src/main/torrent/load.ts';
import { CLI } from '../test/support/paths.ts';
import { ended } from '../test/support/processes.ts';
import { runApart } from './apart.ts';
import { type Leeches, leanLeeches, type Wanted } from './lean-leeches.ts';
import { machineLine } from './machine.ts';
import { writePayload } from './payload.ts';
import { type ProcessCost, processCost } from './process-cost.ts';
import { type Figures, interleaved, type Row, recordOf } from './record.ts';
import { type Host, routedHosts } from './routed-hosts.ts';
import { type SeedingClient, type SeedJob, seedingClients } from './seeding-clients.ts';

const HELP = `usage: npm run bench:seed -- [--leeches 1,4,50,500] [--rounds 5] [--clients all] [--size 1G] [--total 8G] [--in-flight 64]
  [--limit 120] [--json FILE] [--compare FILE]
  --clients: unchoke, unchoke@CLI (another build), libtorrent (its preset for seeds), aria2, webtorrent;
    bare Node (its sockets alone), bare C (a read and a send): what cannot be saved
  --total: the most that all leeches take together; each takes the same part, at most everything
  --in-flight: requests of 16 KiB that each leech keeps open
  --limit: seconds after which the leeches stop
  It needs root, gcc, and one descriptor for each leech (ulimit -n).`;

const { values } = parseArgs({
  options: {
    leeches: { type: 'string', default: '1,4,50,500' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: 'all' },
    size: { type: 'string', default: '1G' },
    total: { type: 'string', default: '8G' },
    'in-flight': { type: 'string', default: '64' },
    limit: { type: 'string', default: '120' },
    json: { type: 'string' },
    compare: { type: 'string' },
    inside: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const BLOCK_BYTES = 2 ** 14;
/** Of the seed, in its own network namespace. */
const PORT = 6_881;
const READY_MS = 60_000;
/** A seed that was not ready may keep the connection and never answer. */
const PROBE_S = 4;
const PROBE_EVERY_MS = 200;

interface Setting {
  readonly job: SeedJob;
  readonly seedHost: Host;
  readonly leeches: Leeches;
  readonly wanted: Wanted;
}

/** A seed is ready when one leech gets one block of it. */
async function ready({ leeches, wanted }: Setting): Promise<void> {
  const deadline = performance.now() + READY_MS;
  const probe = { ...wanted, leeches: 1, bytesEach: BLOCK_BYTES };
  for (;;) {
    const limitS = (deadline - performance.now()) / 1_000;
    if (limitS <= 0) throw new Error('it does not send a block');
    const { bytes } = await leeches({ ...probe, limitS: Math.min(PROBE_S, limitS) });
    if (bytes >= BLOCK_BYTES) return;
    await sleep(PROBE_EVERY_MS);
  }
}

async function seeded(client: SeedingClient, setting: Setting): Promise<Figures | null> {
  const [command, ...args] = setting.seedHost.command(client.command(setting.job)) as [string, ...string[]];
  const seed = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const pid = seed.pid as number;
  let said = '';
  for (const stream of [seed.stdout, seed.stderr])
    stream.on('data', (text: Buffer) => {
      said = `${said}${text.toString()}`.slice(-500);
    });
  try {
    await ready(setting);
    const before = processCost(pid);
    const taken = await setting.leeches(setting.wanted);
    process.stdout.write(
      `${client.name}: ${taken.finished} of ${setting.wanted.leeches} leeches have what they want after ${taken.seconds.toFixed(2)} s, ` +
        `${taken.errors} errors ${taken.firstError}\n`,
    );
    return figuresOf(taken, before, processCost(pid));
  } catch (error) {
    process.stdout.write(
      `${client.name}: no figure for this round: ${(error as Error).message.slice(0, 200)} ${said}\n`,
    );
    return null;
  } finally {
    await ended(seed, () => seed.kill('SIGTERM'));
  }
}

function figuresOf(taken: Awaited<ReturnType<Leeches>>, before: ProcessCost, after: ProcessCost): Figures {
  const { bytes, seconds, unchoked, errors, firstUnchokeMs } = taken;
  const systemS = after.systemS - before.systemS;
  const cpuS = systemS + after.userS - before.userS;
  return {
    'MiB/s': [bytes / MIB / seconds],
    'CPU s/GiB': [(cpuS * GIB) / bytes],
    'of it system': [(systemS * GIB) / bytes],
    'RSS MiB': [after.peakRssBytes / MIB],
    'of it not files': [after.anonymousBytes / MIB],
    'unchoked leeches': [unchoked],
    'first unchoke ms p50': [firstUnchokeMs.p50],
    p99: [firstUnchokeMs.p99],
    errors: [errors],
  };
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  const scratch = values.inside;
  if (scratch === undefined) return runApart();
  const [bytes, total] = [parseSize('--size', values.size), parseSize('--total', values.total)];
  process.stdout.write(
    `${machineLine()}\n${values.size} by one seed, ${values.total} in all, ${values['in-flight']} requests in flight, ${values.rounds} rounds; median (least..most)\n`,
  );
  const clients = seedingClients(values.clients);
  const routed = await routedHosts(2);
  const [seedHost, leechHost] = routed.hosts as [Host, Host];
  const folder = join(scratch, 'source');
  const job = {
    folder,
    torrent: join(scratch, 'payload.torrent'),
    path: join(folder, 'payload.bin'),
    port: PORT,
  };
  mkdirSync(folder);
  writePayload(job.path, bytes);
  // The same torrent as `unchoke share` makes of this file.
  execFileSync(process.execPath, [CLI, 'create', job.path, '--output', job.torrent, '--quiet']);
  const { infoHash, geometry } = loadTorrent(job.torrent);
  const leeches = leanLeeches(leechHost, scratch);
  const rows: Row[] = [];
  for (const count of values.leeches.split(',').map(Number)) {
    const wanted = {
      ...{ address: seedHost.address, port: PORT, infoHash: Buffer.from(infoHash).toString('hex') },
      ...{ bytes, pieceBytes: geometry.pieceLength, leeches: count },
      ...{ bytesEach: Math.min(bytes, Math.floor(total / count)), inFlight: Number(values['in-flight']) },
      limitS: Number(values.limit),
    };
    const setting = { job, seedHost, leeches, wanted };
    const found = await interleaved(clients, Number(values.rounds), (client) => seeded(client, setting));
    rows.push(...found.map(({ name, figures }) => ({ name: `${count} leeches: ${name}`, figures })));
  }
  process.stdout.write(`\n${recordOf(rows, values)}\n`);
  await routed.stop();
}

await main();
