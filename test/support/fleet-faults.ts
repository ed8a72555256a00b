/**
 * Everything that may happen to a fleet, at random moments: workers are killed and frozen, and the server crashes. Some of the torrents
 * are hybrids, and each of these is added by two links, which turn out to be one torrent. `npm run soak:fleet` does it with 200 torrents; UNCHOKE_FLEET_TORRENTS, UNCHOKE_FLEET_FAULTS and UNCHOKE_FLEET_SEED choose another size and other moments.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from './cli.ts';
import { dice } from './dice.ts';
import { isWhole, type LabWorker } from './fleet-lab.ts';
import { freeze, LOCK_MS, leftovers, MIB, refusedBy, type Setting, withLab } from './fleet-setting.ts';
import type { ServerKind } from './queue-servers.ts';

const TORRENTS = Number(process.env['UNCHOKE_FLEET_TORRENTS'] ?? 12);
const FAULTS = Number(process.env['UNCHOKE_FLEET_FAULTS'] ?? 4);
const SEED = Number(process.env['UNCHOKE_FLEET_SEED'] ?? 1);
const HYBRID_EVERY = 4;
const folder = temporaryFolder();

export function fleetFaults(kind: ServerKind): void {
  for (const shared of [false, true])
    test(
      `${kind}, ${shared ? 'shared storage' : 'a disk each'}: ${TORRENTS} torrents, ${FAULTS} faults of seed ${SEED}`,
      {
        timeout: 240_000 + TORRENTS * 4_000 + FAULTS * 20_000,
      },
      () =>
        withLab(folder, kind, TORRENTS, (setting) => faulty(setting, shared), {
          ...{ bytes: 2 * MIB, hybridEvery: HYBRID_EVERY },
          options: [
            '--slots',
            '2',
            '--affinity',
            shared ? '0' : '20s',
            '--journal-key',
            join(folder, `${kind}-${shared}.key`),
          ],
        }),
    );
}

/** One that has jobs, if any has. */
function busiest(workers: readonly LabWorker[]): number {
  const held = workers.map((worker) => worker.held.length);
  return held.indexOf(Math.max(...held));
}

/** Everything that may happen to a fleet, at random moments. */
async function faulty({ lab, server, seed, output }: Setting, shared: boolean): Promise<void> {
  const roll = dice(SEED * 2 + Number(shared));
  const places = ['alpha', 'beta', 'gamma'].map((name) => (shared ? 'shared' : name));
  const folders = new Map([...new Set(places)].map((name) => [name, output(name)]));
  const begin = (at: number): LabWorker =>
    lab.work(['alpha', 'beta', 'gamma'][at] as string, folders.get(places[at] as string) as string);
  const workers = [0, 1, 2].map(begin);
  const sources = seed.torrents.flatMap(({ id, otherId, file }) =>
    otherId === null ? [file] : [id, otherId],
  );
  const begun = performance.now();
  await lab.fleet('add', ...sources, '--attempts', '100', '--backoff', '1s');
  const fired = { killed: 0, frozen: 0, crashed: 0, lost: 0 };
  for (let fault = 0; fault < FAULTS; fault++) {
    await lab.until('going on', ({ active, waiting, delayed }) => active > 0 || waiting + delayed === 0);
    await new Promise((resolve) => setTimeout(resolve, roll(2_000)));
    const kind = fault % 3;
    const at = kind === 1 ? busiest(workers) : roll(3);
    const worker = workers[at] as LabWorker;
    if (kind === 0) {
      await worker.kill();
      fired.killed += 1;
      workers[at] = begin(at);
    } else if (kind === 1) {
      const others = workers.filter((other) => other !== worker);
      fired.lost += (await freeze(lab, worker, others)).length;
      worker.signal('SIGCONT');
      fired.frozen += 1;
    } else {
      await server.crash();
      await new Promise((resolve) => setTimeout(resolve, roll(2 * LOCK_MS)));
      await server.begin();
      fired.crashed += 1;
    }
  }
  const ended = await lab.until('done', ({ done }) => done === TORRENTS, 120_000 + TORRENTS * 4_000);
  assert.deepEqual(
    [ended.waiting, ended.active, ended.delayed, ended.failed],
    [0, 0, 0, 0],
    'no job is lost',
  );
  const seconds = Math.round((performance.now() - begun) / 1_000);
  for (const torrent of seed.torrents) {
    assert.ok(
      [...folders.values()].some((one) => isWhole(torrent, one)),
      `${torrent.name} is whole`,
    );
    const completed = lab.events.filter(
      ({ infoHash, what }) => [torrent.id, torrent.otherId].includes(infoHash) && what === 'complete',
    );
    assert.ok(completed.length <= 1, `${torrent.name} is completed once`);
  }
  for (const worker of workers) {
    worker.signal('SIGTERM');
    assert.equal(await worker.ended, 0, worker.text);
  }
  if (shared) assert.deepEqual(leftovers([...folders.values()][0] as string), []);
  assert.ok(FAULTS < 3 || Object.values(fired).every((count) => count > 0), JSON.stringify(fired));
  const refused = [...workers].reduce((sum, worker) => sum + refusedBy(worker), 0);
  const count = (kind: string): number => lab.events.filter(({ what }) => what === kind).length;
  const takenAgain = count('taken') - count('same') - TORRENTS;
  const figures = { seconds, takenAgain, completed: count('complete'), same: count('same') };
  process.stdout.write(`# ${JSON.stringify({ ...fired, refused, ...figures })}\n`);
}
