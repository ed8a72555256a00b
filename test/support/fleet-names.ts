/** A hybrid has two info hashes, and a link may have one of them: cases of a fleet on a real server that hears of both, in any order. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from './cli.ts';
import { type FleetLab, isWhole, type JobEvent, type LabTorrent } from './fleet-lab.ts';
import { MIB, type Setting, withLab } from './fleet-setting.ts';
import type { ServerKind } from './queue-servers.ts';

const folder = temporaryFolder();
/** A hybrid that nobody has. */
const UNKNOWN = { id: 'ab'.repeat(20), otherId: 'cd'.repeat(32) };
const UNKNOWN_LINK = `magnet:?xt=urn:btih:${UNKNOWN.id}&xt=urn:btmh:1220${UNKNOWN.otherId}`;
/** For a job that nobody can do. */
const SOON = ['--first-unchoke-timeout', '1s', '--idle-timeout', '1s'];

/** The torrents are hybrids. */
function withHybrids(
  kind: ServerKind,
  count: number,
  work: (setting: Setting) => Promise<void>,
): Promise<void> {
  return withLab(folder, kind, count, work, { bytes: MIB / 2, hybridEvery: 1 });
}

function hybrid({ seed }: Setting): LabTorrent & { readonly otherId: string } {
  const [torrent] = seed.torrents;
  assert.ok(torrent !== undefined && torrent.otherId !== null);
  return { ...torrent, otherId: torrent.otherId };
}

/** Resolves to the jobs that are not done. */
async function open(lab: FleetLab): Promise<number> {
  const { waiting, active, delayed } = await lab.status();
  return waiting + active + delayed;
}

/** Adds two links, one by each hash, before anybody knows that they are the same torrent. */
async function twoLinks(
  lab: FleetLab,
  { id, otherId }: LabTorrent & { readonly otherId: string },
): Promise<void> {
  await lab.fleet('pause');
  assert.match(await lab.fleet('add', id), new RegExp(`^added: ${id} `));
  assert.match(await lab.fleet('add', otherId), new RegExp(`^added: ${otherId} `));
  assert.equal(await open(lab), 2, 'nobody knows yet that they are the same');
}

/** Of the job that has this torrent. */
async function idOf(lab: FleetLab, name: string): Promise<string> {
  const [, id] = /^already there: (\w+)/.exec(await lab.fleet('add', name)) ?? [];
  assert.ok(id !== undefined, `${name} is a job`);
  return id;
}

const ends = (events: readonly JobEvent[], what: string): string[] =>
  events.filter((event) => event.what === what).map(({ infoHash }) => infoHash);

export function fleetNames(kind: ServerKind): void {
  test(`${kind}: a .torrent of a link that is a job tells its other hash; retry and remove take both`, () =>
    withHybrids(kind, 1, async (setting) => {
      const { lab, output } = setting;
      const { id, otherId, file } = hybrid(setting);
      for (const [first, second] of [
        [id, otherId],
        [otherId, id],
      ] as const) {
        await lab.fleet('pause');
        assert.match(await lab.fleet('add', first), new RegExp(`^added: ${first} `));
        for (const again of [file, second, first])
          assert.match(await lab.fleet('add', again), new RegExp(`^already there: ${first} `));
        assert.equal(await open(lab), 1);
        await lab.fleet('remove', second);
        for (const gone of [id, otherId])
          await assert.rejects(lab.fleet('remove', gone), /there is no such job/);
        assert.match(await lab.fleet('add', second), new RegExp(`^added: ${second} `), 'no name is left');
        await lab.fleet('remove', second);
      }
      await lab.fleet('add', UNKNOWN_LINK, '--attempts', '1');
      await lab.fleet('resume');
      const worker = lab.work('alpha', output('alpha'), ...SOON);
      await lab.until('failed', ({ failed }) => failed === 1);
      assert.match(await lab.fleet('retry', UNKNOWN.otherId), /^will be tried again: /);
      await worker.until('failed again', () => ends(worker.events, 'failed').length === 2);
      assert.deepEqual(ends(worker.events, 'failed'), [UNKNOWN.id, UNKNOWN.id]);
    }));

  test(`${kind}: two links of one hybrid on one machine are one download, and no failure`, () =>
    withHybrids(kind, 1, async (setting) => {
      const { lab, output } = setting;
      const torrent = hybrid(setting);
      await twoLinks(lab, torrent);
      const worker = lab.work('alpha', output('alpha'), '--slots', '2');
      await lab.fleet('resume');
      await lab.until('done', ({ done, active, waiting }) => done > 0 && active + waiting === 0);
      const { done, failed, delayed } = await lab.status();
      assert.deepEqual([done, failed, delayed], [1, 0, 0]);
      const [owner, ...more] = ends(worker.events, 'complete');
      assert.deepEqual(more, []);
      assert.ok(isWhole(torrent, worker.output));
      for (const name of [torrent.id, torrent.otherId, torrent.file])
        assert.match(await lab.fleet('add', name), new RegExp(`^already there: ${owner} `));
      await lab.fleet('remove', owner === torrent.id ? torrent.otherId : torrent.id);
      for (const gone of [torrent.id, torrent.otherId])
        await assert.rejects(lab.fleet('remove', gone), /there is no such job/);
    }));

  test(`${kind}: two links of one hybrid on two machines are one download`, () =>
    withHybrids(kind, 1, async (setting) => {
      const { lab, output } = setting;
      const torrent = hybrid(setting);
      await twoLinks(lab, torrent);
      const workers = ['alpha', 'beta'].map((name) => lab.work(name, output(name), '--slots', '1'));
      await lab.until('at work', ({ machines }) => machines.length === 2);
      await lab.fleet('resume');
      await lab.until('done', ({ done, active, waiting }) => done > 0 && active + waiting === 0);
      const { done, failed, delayed } = await lab.status();
      assert.deepEqual([done, failed, delayed], [1, 0, 0]);
      const places = workers.map((worker) => join(worker.output, torrent.name));
      assert.equal(places.filter((place) => existsSync(place)).length, 1, 'one machine has its files');
      assert.equal(ends(lab.events, 'complete').length, 1);
    }));

  test(`${kind}: one torrent that several programs add at one time, by all its names, is one job`, () =>
    withHybrids(kind, 2, async ({ lab, seed }) => {
      await lab.fleet('pause');
      const names = seed.torrents.flatMap(({ id, otherId, file }) => [id, otherId ?? '', file]);
      const said = await Promise.all([...names, ...names].map((name) => lab.fleet('add', name)));
      assert.equal(await open(lab), 2);
      for (const { id, otherId, file } of seed.torrents) {
        const one = await idOf(lab, file);
        for (const name of [id, otherId ?? '']) assert.equal(await idOf(lab, name), one);
      }
      assert.ok(said.some((line) => line.startsWith('added: ')));
    }));
}
