/**
 * A fast link with a long delay: one peer, 100 ms away, at a given rate. How much of that rate arrives, from two seconds after
 * the unchoke on?
 * `npm run bench:pipeline -- [--rates 5,20,100] [--rtt 100] [--runs 3] [--json FILE] [--compare FILE]`, rates in MiB/s.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSwarm } from '../src/main/cli/runs/swarm-child.ts';
import { machineLine } from './machine.ts';
import { type Row, recordOf } from './record.ts';

const CLI = join(import.meta.dirname, '..', '..', 'dist', 'main', 'cli.js');
const MIB = 2 ** 20;
const SECONDS = 7;
const SETTLED_MS = 2_000;

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '5,20,100' },
    rtt: { type: 'string', default: '100' },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
    compare: { type: 'string' },
  },
});

interface Progress {
  readonly type: string;
  readonly blockBytes: number;
  readonly at: number;
}

/** The progress events of one download, each with its time. */
function download(torrent: string, folder: string): Promise<Progress[]> {
  return new Promise((resolve, reject) => {
    const events: Progress[] = [];
    const child = execFile(
      process.execPath,
      [CLI, 'get', torrent, '-o', folder, '--json', '--no-dht', '--no-lsd'],
      { maxBuffer: 2 ** 26 },
      (error) => {
        if (error === null) resolve(events);
        else reject(error);
      },
    );
    child.stdout?.on('data', (text: string) => {
      for (const line of text.split('\n')) {
        if (!line.startsWith('{"type":"progress"') && !line.startsWith('{"type":"first-unchoke"')) continue;
        events.push({ ...(JSON.parse(line) as Progress), at: performance.now() });
      }
    });
  });
}

/** Bytes per second between the first and the last event after the start-up phase and before the end. */
function settledRate(events: readonly Progress[], payloadBytes: number): number {
  const unchoked = events.find(({ type }) => type === 'first-unchoke')?.at ?? 0;
  const looks = events.filter(
    ({ type, at, blockBytes }) =>
      type === 'progress' && at >= unchoked + SETTLED_MS && blockBytes < payloadBytes,
  );
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined || last.at === first.at) return Number.NaN;
  return ((last.blockBytes - first.blockBytes) * 1_000) / (last.at - first.at);
}

const rows: Row[] = [];
const folder = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
try {
  for (const rate of values.rates.split(',').map(Number)) {
    const shares: number[] = [];
    for (let run = 0; run < Number(values.runs); run++) {
      const payloadBytes = rate * SECONDS * MIB;
      const torrent = join(folder, 'pipeline.torrent');
      const link = { peers: 1, seed: run + 1, mix: 'seeds', rate: rate * MIB, rttMs: Number(values.rtt) };
      const swarm = await startSwarm({
        ...link,
        payloadBytes,
        pieceBytes: MIB,
        torrent,
        lifetimeMs: 120_000,
      });
      const output = join(folder, `out-${rate}-${run}`);
      const events = await download(torrent, output);
      await swarm.stop();
      rmSync(output, { recursive: true, force: true });
      shares.push(settledRate(events, payloadBytes) / (rate * MIB));
    }
    rows.push({
      name: `a peer of ${rate} MiB/s`,
      figures: {
        'MiB/s': shares.map((share) => share * rate),
        '% of its rate': shares.map((share) => share * 100),
      },
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(
  `${machineLine()}\nround trip ${values.rtt} ms, from 2 s after the unchoke on\n\n${recordOf(rows, values)}\n`,
);
