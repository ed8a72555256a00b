/**
 * Whole downloads from real libtorrent seeds, by every client that is installed, in interleaved rounds; each output is compared
 * with the source. `npm run bench:throughput -- --help` for the options.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseSize } from '../src/main/units.ts';
import { libtorrentSeed, makeTorrent } from '../test/support/seeds.ts';
import { type Client, chosen } from './clients.ts';
import { machineLine } from './machine.ts';
import { measured } from './measured.ts';
import { writePayload } from './payload.ts';
import { type Figures, interleaved, type Row, recordOf } from './record.ts';

const HELP = `usage: npm run bench:throughput -- [--seeds 1,4] [--size 1G] [--piece 1M] [--files 1] [--rounds 5]
  [--clients unchoke,aria2,…] [--to FOLDER] [--json FILE] [--compare FILE]
  --clients: names, or all; those that are missing are named. --to: where downloads go, a tmpfs for example
  As root it runs in a network namespace of its own, with addresses that are not loopback: transmission dials no loopback.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,4' },
    size: { type: 'string', default: '1G' },
    piece: { type: 'string', default: '1M' },
    files: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: 'all' },
    to: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
    compare: { type: 'string' },
    inside: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const GIB = 2 ** 30;
const BOUND_S = 180;
const MOST_SEEDS = 16;

interface Payload {
  readonly torrent: string;
  readonly folder: string;
  readonly name: string;
  readonly bytes: number;
}

function makePayload(scratch: string, announce: string): Payload {
  const bytes = parseSize('--size', values.size);
  const files = Number(values.files);
  const folder = join(scratch, 'source');
  const name = files === 1 ? 'payload.bin' : 'payload';
  mkdirSync(files === 1 ? folder : join(folder, name), { recursive: true });
  if (files === 1) writePayload(join(folder, name), bytes);
  else
    for (let i = 0; i < files; i++)
      writePayload(join(folder, name, `${String(i).padStart(3, '0')}.bin`), Math.floor(bytes / files));
  const torrent = join(scratch, 'payload.torrent');
  makeTorrent(join(folder, name), torrent, Math.log2(parseSize('--piece', values.piece)), announce);
  return { torrent, folder, name, bytes };
}

/** A tracker that names the peers of the moment to whoever asks (BEP 23). */
async function tracker(host: string) {
  let peers = Buffer.alloc(0);
  const server = createServer((_, response) => {
    const head = `d8:intervali1800e5:peers${peers.length}:`;
    response.end(Buffer.concat([Buffer.from(head), peers, Buffer.from('e')]));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    announce: `http://${host}:${(server.address() as AddressInfo).port}/announce`,
    name: (addresses: readonly string[]) => {
      peers = Buffer.concat(addresses.map(compact));
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function compact(address: string): Buffer {
  const [host, port] = address.split(':') as [string, string];
  return Buffer.from([...host.split('.').map(Number), Number(port) >> 8, Number(port) & 0xff]);
}

/** One download; null where the output is not what the seeds have. */
async function download(client: Client, payload: Payload, scratch: string): Promise<Figures | null> {
  const output = mkdtempSync(join(values.to, 'unchoke-bench-out-'));
  try {
    const cost = await measured(
      client.command({ torrent: payload.torrent, output, scratch }),
      scratch,
      BOUND_S,
    );
    const same = spawnSync('diff', ['-rq', join(payload.folder, payload.name), join(output, payload.name)]);
    if (same.status !== 0) {
      process.stdout.write(`${client.name}: wrong output (exit status ${cost.status}): ${cost.lastWords}\n`);
      return null;
    }
    const cpuS = cost.userS + cost.systemS;
    return {
      s: [cost.wallS],
      'MiB/s': [payload.bytes / 2 ** 20 / cost.wallS],
      'CPU s/GiB': [(cpuS * GIB) / payload.bytes],
      'of it system': [(cost.systemS * GIB) / payload.bytes],
      'RSS MiB': [cost.rssBytes / 2 ** 20],
    };
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  if (!values.inside && spawnSync('unshare', ['-n', 'true']).status === 0) return insideNamespace();
  const scratch = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
  const hostOf = (seed: number) => `${values.inside ? '10.77.0' : '127.0.0'}.${seed + 2}`;
  const peers = await tracker(values.inside ? '10.77.0.1' : '127.0.0.1');
  process.stdout.write(
    `${machineLine()}\n${values.size} in ${values.files} files, pieces of ${values.piece}, ${values.rounds} rounds to ${values.to}; median (least..most)\n`,
  );
  try {
    const payload = makePayload(scratch, peers.announce);
    const clients = chosen(values.clients, values.inside);
    const rows: Row[] = [];
    for (const seeds of values.seeds.split(',').map(Number)) {
      const request = { torrent: payload.torrent, folder: payload.folder, scratch };
      const running = await Promise.all(
        Array.from({ length: seeds }, (_, i) => libtorrentSeed(request, hostOf(i))),
      );
      peers.name(running.map(({ address }) => address));
      for (const { name, figures } of await interleaved(clients, Number(values.rounds), (client) =>
        download(client, payload, scratch),
      ))
        rows.push({ name: `${seeds} seeds: ${name}`, figures });
      await Promise.all(running.map((seed) => seed.stop()));
    }
    process.stdout.write(`\n${recordOf(rows, values)}\n`);
  } finally {
    peers.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The same once more, where addresses are not loopback and nobody else is. */
function insideNamespace(): void {
  const addresses = Array.from(
    { length: MOST_SEEDS + 1 },
    (_, i) => `ip addr add 10.77.0.${i + 1}/24 dev lo`,
  );
  const script = ['ip link set lo up', ...addresses];
  const again = [process.execPath, ...process.argv.slice(1), '--inside'];
  const { status } = spawnSync(
    'unshare',
    ['-n', 'sh', '-ec', `${script.join('; ')}; exec "$@"`, 'sh', ...again],
    {
      stdio: 'inherit',
    },
  );
  process.exitCode = status ?? 1;
}

await main();
