/**
 * Whole downloads from real libtorrent seeds, or from the swarm, with every installed client, in interleaved rounds. Each
 * output is compared with the source. `npm run bench:throughput -- --help` shows the options.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseSize } from '../src/main/text/units.ts';
import { freePort } from '../test/support/processes.ts';
import { type Client, chosen } from './clients.ts';
import { type Leeches, leechesOf, unchokeGiving } from './giving.ts';
import { machineLine } from './machine.ts';
import { measured } from './measured.ts';
import { NAMESPACE_NETWORK, ranInside } from './namespace.ts';
import { type Figures, interleaved, type Row, recordOf } from './record.ts';
import { libtorrentSources, type Source, swarmSources, VERSIONS, type Version } from './sources.ts';

const HELP = `usage: npm run bench:throughput -- [--seeds 1,4] [--from libtorrent|swarm] [--size 1G] [--piece 1M] [--files 1] [--rounds 5] [--versions v1]
  [--clients unchoke,aria2,…] [--leeches N] [--line 0] [--to FOLDER] [--touch 0] [--json FILE] [--compare FILE]
  --clients: names, or all; missing clients are reported; unchoke@CLI is another build of ours
  --versions: v1, v2, hybrid, in turns; with others than v1 only libtorrent and unchoke have them all
  --leeches: also \`unchoke giving\`, which so many libtorrent leeches ask for data while it downloads, with a limit of 16 MiB/s
  --line: what unchoke may download a second, such as 110M, so that the cores have room; 0: no limit
  --to: the folder for downloads, for example on a tmpfs
  --touch: a process uses and frees this much memory before each download, so that the virtual machine has no fresh pages
  --from swarm: all seeds are peers of one process of our own, and the content is one file
  As root it runs in its own network namespace with addresses other than loopback, because transmission dials no loopback.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,4' },
    from: { type: 'string', default: 'libtorrent' },
    size: { type: 'string', default: '1G' },
    piece: { type: 'string', default: '1M' },
    files: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    versions: { type: 'string', default: 'v1' },
    clients: { type: 'string', default: 'all' },
    leeches: { type: 'string', default: '0' },
    line: { type: 'string', default: '0' },
    to: { type: 'string', default: tmpdir() },
    touch: { type: 'string', default: '0' },
    json: { type: 'string' },
    compare: { type: 'string' },
    inside: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const GIB = 2 ** 30;
const TOUCHED_AT_ONCE_BYTES = 2 ** 28;
const BOUND_S = 180;

/** Memory that a virtual machine gave back, or never had, is expensive at the first touch, and cheap for some seconds after that. */
function touchMemory(bytes: number): void {
  const parts = Math.ceil(bytes / TOUCHED_AT_ONCE_BYTES);
  const program = `const kept = []; for (let i = 0; i < ${parts}; i++) kept.push(Buffer.alloc(${TOUCHED_AT_ONCE_BYTES}, 1));`;
  if (parts > 0) execFileSync(process.execPath, ['-e', program]);
}

/** One download; null if it does not end, or its output differs from the content of the seeds. */
async function download(
  client: Client,
  source: Source,
  bytes: number,
  scratch: string,
  leeches: Leeches | null,
): Promise<Figures | null> {
  const output = mkdtempSync(join(values.to, 'unchoke-bench-out-'));
  try {
    const command = client.command({ torrent: source.torrent, output, scratch });
    touchMemory(parseSize('--touch', values.touch));
    const cost = await measured(command, scratch, BOUND_S);
    const givenBytes = (await leeches?.given()) ?? 0;
    source.check(output);
    const writes = /^writes: .*$/m.exec(cost.lastWords)?.[0];
    if (writes !== undefined) process.stdout.write(`${client.name}: ${writes}\n`);
    const cpuS = cost.userS + cost.systemS;
    return {
      s: [cost.wallS],
      'MiB/s': [bytes / 2 ** 20 / cost.wallS],
      'CPU s/GiB': [(cpuS * GIB) / bytes],
      'of it system': [(cost.systemS * GIB) / bytes],
      'RSS MiB': [cost.rssBytes / 2 ** 20],
      ...(leeches === null ? {} : { 'MiB given': [givenBytes / 2 ** 20] }),
    };
  } catch (error) {
    process.stdout.write(
      `${client.name}: no figure for this round: ${(error as Error).message.slice(0, 300)}\n`,
    );
    return null;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** A client of ours with the limit of the line. */
function withLine(client: Client): Client {
  if (values.line === '0' || !client.name.startsWith('unchoke')) return client;
  return { ...client, command: (torrent) => [...client.command(torrent), '--download-limit', values.line] };
}

interface Subject {
  readonly name: string;
  readonly client: Client;
  readonly source: Source;
}

function versionOf(name: string): Version {
  const version = VERSIONS.find((one) => one === name);
  if (version === undefined) throw new Error(`--versions ${name}: one of ${VERSIONS.join(', ')}`);
  return version;
}

/** Every client with every version; the name says the version where there is more than one. */
async function subjectsOf(
  versions: readonly Version[],
  clients: readonly Client[],
  sourceOf: (version: Version) => Promise<Source>,
): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  for (const version of versions) {
    const source = await sourceOf(version);
    for (const client of clients)
      subjects.push({
        name: versions.length > 1 ? `${client.name} ${version}` : client.name,
        client,
        source,
      });
  }
  return subjects;
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  if (!['libtorrent', 'swarm'].includes(values.from)) throw new Error(`--from ${values.from}: see --help`);
  if (!values.inside && ranInside()) return;
  const scratch = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
  process.stdout.write(
    `${machineLine()}\n${values.size} in ${values.files} files from ${values.from}, pieces of ${values.piece}, ${values.rounds} rounds to ${values.to}; median (least..most)\n`,
  );
  try {
    const bytes = parseSize('--size', values.size);
    const content = { bytes, pieceBytes: parseSize('--piece', values.piece), files: Number(values.files) };
    const sources =
      values.from === 'swarm'
        ? swarmSources(content, scratch, values.inside)
        : libtorrentSources(content, scratch, values.inside);
    const [count, port] = [Number(values.leeches), await freePort()];
    const giving = withLine(unchokeGiving(port));
    const clients = [...chosen(values.clients, values.inside).map(withLine), ...(count > 0 ? [giving] : [])];
    const network = `${values.inside ? NAMESPACE_NETWORK : 127}.0.0`;
    const rows: Row[] = [];
    const versions = values.versions.split(',').map(versionOf);
    for (const seeds of values.seeds.split(',').map(Number)) {
      const subjects = await subjectsOf(versions, clients, (version) => sources(seeds, version));
      const run = async ({ client, source }: Subject): Promise<Figures | null> => {
        const { torrent } = source;
        const leeches =
          client === giving ? await leechesOf(count, { torrent, scratch, network, port }) : null;
        try {
          return await download(client, source, bytes, scratch, leeches);
        } finally {
          await leeches?.stop();
        }
      };
      for (const { name, figures } of await interleaved(subjects, Number(values.rounds), run))
        rows.push({ name: `${seeds} seeds: ${name}`, figures });
      for (const source of new Set(subjects.map((subject) => subject.source))) await source.stop();
    }
    process.stdout.write(`\n${recordOf(rows, values)}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
