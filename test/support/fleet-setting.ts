/** A server, torrents with a seed, and a fleet, for one test; and what a test does to a worker. */
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FleetLab, type LabSeed, type LabWorker, labSeed } from './fleet-lab.ts';
import { QUEUE_SERVERS, type QueueServer, type ServerKind } from './queue-servers.ts';
import { withStarted } from './started.ts';

export const LOCK_MS = 3_000;
export const MIB = 2 ** 20;
/** So slow that the faults happen during the downloads: each torrent takes some seconds. */
const RATE = MIB / 4;

export interface Setting {
  readonly lab: FleetLab;
  readonly server: QueueServer;
  readonly seed: LabSeed;
  /** A new folder. */
  output(name: string): string;
}

/** `folder`: for everything that is made. */
export async function withLab(
  folder: string,
  kind: ServerKind,
  torrents: number,
  work: (setting: Setting) => Promise<void>,
  { bytes = MIB, options = [] as readonly string[], hybridEvery = 0 } = {},
): Promise<void> {
  const scratch = mkdtempSync(join(folder, 'lab-'));
  await withStarted(async (keep) => {
    const server = await keep(QUEUE_SERVERS[kind](scratch));
    const seed = await keep(labSeed(scratch, { count: torrents, bytes, hybridEvery }, RATE));
    const setting = { server, peer: seed.peer, lockMs: LOCK_MS, scratch, work: options };
    const lab = await keep(Promise.resolve(new FleetLab(setting)));
    const output = (name: string): string => {
      mkdirSync(join(scratch, name));
      return join(scratch, name);
    };
    await work({ lab, server, seed, output });
  });
}

/** Journals, locks and unfinished names. */
export const leftovers = (output: string): string[] =>
  readdirSync(output).filter((name) => /\.unchoke|\.part$/.test(name));

/** Freezes the worker for longer than its lock, until the queue has given its jobs back. Returns the jobs that it had. */
export async function freeze(
  lab: FleetLab,
  worker: LabWorker,
  others: readonly LabWorker[],
): Promise<string[]> {
  worker.signal('SIGSTOP');
  const held = worker.held;
  await new Promise((resolve) => setTimeout(resolve, LOCK_MS));
  const theirs = (): number => others.reduce((sum, other) => sum + other.held.length, 0);
  await lab.until('given back', ({ active }) => active <= theirs());
  return held;
}

/** Writes that came too late, as the worker has counted them. */
export const refusedBy = ({ text }: LabWorker): number =>
  [...text.matchAll(/writes refused since: (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
