/**
 * A small file out of a wild swarm, most of whose addresses are useless: from the start of the process to its end, by every client that
 * is installed. Each round is another swarm, the same for all. `npm run bench:wild -- --help` for the options.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSwarm } from '../src/main/swarm-child.ts';
import { loadTorrent } from '../src/main/torrent/load.ts';
import { parseSize } from '../src/main/units.ts';
import { assertPayload } from '../test/support/swarm-fixture.ts';
import { type Client, chosen } from './clients.ts';
import { machineLine } from './machine.ts';
import { measured } from './measured.ts';
import { type Figures, interleaved, joined, type Row, recordOf } from './record.ts';

const HELP = `usage: npm run bench:wild -- [--peers 200,1000] [--size 10M] [--rounds 5] [--clients unchoke,aria2,…] [--bound 60]
  [--json FILE] [--compare FILE]
  --bound: seconds after which a client has failed; each round has a swarm of its own seed`;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '200,1000' },
    size: { type: 'string', default: '10M' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: 'all' },
    bound: { type: 'string', default: '60' },
    json: { type: 'string' },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** A client that is late, or writes something else, gives no figures for that round. */
async function download(client: Client, torrent: string, scratch: string): Promise<Figures | null> {
  const output = mkdtempSync(join(scratch, 'out-'));
  try {
    const command = client.command({ torrent, output, scratch });
    const cost = await measured(command, scratch, Number(values.bound));
    assertPayload(torrent, join(output, loadTorrent(torrent).name));
    return {
      's to the end': [cost.wallS],
      'CPU s': [cost.userS + cost.systemS],
      'RSS MiB': [cost.rssBytes / 2 ** 20],
    };
  } catch (error) {
    process.stdout.write(
      `${client.name}: no figure for this round: ${(error as Error).message.slice(0, 200)}\n`,
    );
    return null;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
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
  };
  const swarm = await startSwarm({ ...setting, peers, seed, rttMs: 0, torrent, lifetimeMs: 1_800_000 });
  try {
    const oracle = {
      name: 'oracle: first unchoke',
      figures: { 's to the end': [(swarm.info.oracle?.ms ?? 0) / 1_000] },
    };
    return [oracle, ...(await interleaved(clients, 1, (client) => download(client, torrent, scratch)))];
  } finally {
    await swarm.stop();
  }
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${HELP}\n`);
  const scratch = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
  process.stdout.write(
    `${machineLine()}\n${values.size} from a wild swarm, ${values.rounds} rounds with seeds from 1; median (least..most)\n`,
  );
  try {
    const clients = chosen(values.clients, false);
    const rows: Row[] = [];
    for (const peers of values.peers.split(',').map(Number)) {
      const rounds: Row[] = [];
      for (let seed = 1; seed <= Number(values.rounds); seed++)
        rounds.push(...(await inSwarm(peers, seed, clients, scratch)));
      rows.push(...joined(rounds).map(({ name, figures }) => ({ name: `${peers} peers: ${name}`, figures })));
    }
    process.stdout.write(`\n${recordOf(rows, values)}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
