/** Cases of a fleet on a real server: what its commands do, and workers that are frozen or stopped. Random faults: fleet-faults.ts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConnectionOptions } from 'bullmq';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from './cli.ts';
import { isWhole } from './fleet-lab.ts';
import { freeze, leftovers, MIB, withLab } from './fleet-setting.ts';
import { SECRET, type ServerKind } from './queue-servers.ts';
import { libtorrentTorrent } from './seeds.ts';

const folder = temporaryFolder();

/** How each file looks, without locks: these are released at the end. */
function looks(output: string): Record<string, string> {
  const entries = readdirSync(output, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'));
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const { mtimeNs, ctimeNs, size } = statSync(join(parentPath, name), { bigint: true });
      return [join(parentPath, name), `${size} ${mtimeNs} ${ctimeNs}`];
    }),
  );
}

/** Another program uses the same queue. */
async function foreignJob(kind: ServerKind, url: string): Promise<void> {
  const { Queue, createPostgresBackend, createRedisBackend } = await import('bullmq');
  const queue =
    kind === 'redis'
      ? new Queue('unchoke', { connection: { url } as ConnectionOptions }, createRedisBackend)
      : new Queue('unchoke', { connection: url }, createPostgresBackend);
  await queue.add('mail', { to: 'somebody' });
  await queue.close();
}

export function fleetCases(kind: ServerKind): void {
  test(`${kind}: jobs are added once, done, retried, removed, paused; the password is printed nowhere`, () =>
    withLab(folder, kind, 3, async ({ lab, seed, output }) => {
      const [one, two, three] = seed.torrents;
      assert.ok(one !== undefined && two !== undefined && three !== undefined);
      assert.match(await lab.fleet('add', seed.folder), new RegExp(`^added: ${one.id}  ${one.name}$`, 'm'));
      assert.match(await lab.fleet('add', one.file), /^already there: /);
      assert.match(await lab.fleet('add', `magnet:?xt=urn:btih:${two.id}`), /^already there: /);
      await lab.fleet('pause');
      assert.match(await lab.fleet('remove', three.id), /^removed: /);
      const bad = 'ab'.repeat(20);
      await lab.fleet('add', bad, '--attempts', '1', '--priority', '9');
      const worker = lab.work(
        'alpha',
        output('alpha'),
        '--first-unchoke-timeout',
        '2s',
        '--idle-timeout',
        '2s',
      );
      const paused = await lab.until('at work', ({ machines }) => machines.length === 1);
      assert.deepEqual([paused.isPaused, paused.waiting, paused.active], [true, 3, 0]);
      await lab.fleet('resume');
      const ended = await lab.until('done', ({ done, failed }) => done === 2 && failed === 1);
      assert.deepEqual(
        ended.failedJobs.map(({ infoHash, code, machine }) => [infoHash, code, machine]),
        [[bad, 'timeout', 'alpha']],
      );
      assert.ok([one, two].every((torrent) => isWhole(torrent, worker.output)));
      assert.match(await lab.fleet('retry', bad), /^will be tried again: /);
      await lab.until(
        'failed again',
        ({ failed, active, waiting }) => failed === 1 && active + waiting === 0,
      );
      assert.equal(
        worker.events.filter(({ infoHash, what }) => infoHash === bad && what === 'failed').length,
        2,
      );
      await assert.rejects(lab.fleet('remove', three.id), /there is no such job/);
      const prometheus = await lab.fleet('status', '--prometheus');
      assert.match(prometheus, /^unchoke_fleet_jobs\{state="done"\} 2$/m);
      worker.signal('SIGTERM');
      assert.equal(await worker.ended, 0);
      const table = await lab.fleet('status', '--show-secrets');
      for (const said of [table, worker.text, prometheus]) assert.doesNotMatch(said, new RegExp(SECRET));
    }));

  test(`${kind}: a worker that is frozen past its lock writes nothing when it wakes`, () =>
    withLab(
      folder,
      kind,
      2,
      async ({ lab, seed, output }) => {
        const alpha = lab.work('alpha', output('alpha'));
        const beta = lab.work('beta', output('beta'));
        await lab.until('at work', ({ machines }) => machines.length === 2);
        // The other one notices that the frozen one is gone.
        await lab.fleet('add', ...seed.torrents.map(({ file }) => file));
        const { machines } = await lab.until('begun', (status) =>
          status.machines.some(({ jobs }) => jobs.some(({ bytes }) => bytes > 0)),
        );
        const busy = machines.find(({ jobs }) => jobs.some(({ bytes }) => bytes > 0))?.name;
        const frozen = busy === alpha.machine ? alpha : beta;
        await lab.fleet('pause');
        const held = await freeze(lab, frozen, frozen === alpha ? [beta] : [alpha]);
        assert.ok(held.length > 0);
        const before = looks(frozen.output);
        frozen.signal('SIGCONT');
        await frozen.until('told', () =>
          held.every((id) => frozen.events.some(({ infoHash, what }) => infoHash === id && what === 'lost')),
        );
        assert.deepEqual(looks(frozen.output), before, 'nothing was written after the lock was lost');
        // Whether a piece waited to be written at that moment is chance: `lease.test.ts` has the refusals.
        const wasUnderWay = frozen.events.some(
          ({ what, bytes, totalBytes }) => what === 'lost' && bytes > 0 && bytes < totalBytes,
        );
        assert.ok(wasUnderWay, `the fault fired: ${frozen.text}`);
        await lab.fleet('resume');
        await lab.until('done', ({ done }) => done === 2);
        for (const torrent of seed.torrents)
          assert.ok(
            [alpha, beta].some((worker) => isWhole(torrent, worker.output)),
            torrent.name,
          );
      },
      { bytes: 4 * MIB },
    ));

  test(`${kind}: on shared storage another worker takes over a frozen one's place, and both leave it right`, () =>
    withLab(
      folder,
      kind,
      1,
      async ({ lab, seed, output }) => {
        const [torrent] = seed.torrents;
        assert.ok(torrent !== undefined);
        const shared = output('shared');
        const alpha = lab.work('alpha', shared);
        await lab.until('at work', ({ machines }) => machines.length === 1);
        await lab.fleet('add', torrent.file);
        await lab.until('begun', ({ machines }) =>
          machines.some(({ jobs }) => jobs.some(({ bytes }) => bytes > 0)),
        );
        const beta = lab.work('beta', shared);
        alpha.signal('SIGSTOP');
        await beta.until('the next', () => beta.held.length === 1);
        alpha.signal('SIGCONT');
        await alpha.until('told', () => alpha.events.some(({ what }) => what === 'lost'));
        await lab.until('done', ({ done }) => done === 1);
        assert.ok(isWhole(torrent, shared));
        for (const worker of [alpha, beta]) {
          worker.signal('SIGTERM');
          assert.equal(await worker.ended, 0);
        }
        assert.deepEqual(leftovers(shared), []);
      },
      { bytes: 2 * MIB, options: ['--affinity', '0', '--journal-key', join(folder, `${kind}.key`)] },
    ));

  test(`${kind}: SIGTERM hands jobs over, and they go on where their data lies; finish finishes`, () =>
    withLab(
      folder,
      kind,
      2,
      async ({ lab, seed, output }) => {
        const place = output('alpha');
        const alpha = lab.work('alpha', place);
        await lab.fleet('add', seed.folder);
        await lab.until('begun', ({ machines }) =>
          machines.some(({ jobs }) => jobs.length === 2 && jobs.every(({ bytes }) => bytes > 0)),
        );
        alpha.signal('SIGTERM');
        assert.equal(await alpha.ended, 0);
        assert.equal(alpha.events.filter(({ what }) => what === 'handed-over').length, 2);
        const waiting = await lab.status();
        assert.deepEqual([waiting.delayed, waiting.failed, waiting.machines.length], [2, 0, 0]);
        const beta = lab.work('beta', output('beta'));
        await lab.until('at work', ({ machines }) => machines.length === 1);
        const again = lab.work('alpha', place, '--drain', 'finish');
        await again.until('back', () => again.held.length === 2);
        again.signal('SIGTERM');
        assert.equal(await again.ended, 0);
        assert.equal(again.events.filter(({ what }) => what === 'complete').length, 2);
        assert.deepEqual(beta.events, [], 'nobody began from zero');
        assert.ok(seed.torrents.every((torrent) => isWhole(torrent, place)));
        const { done, failed } = await lab.status();
        assert.deepEqual([done, failed], [2, 0]);
      },
      { bytes: 2 * MIB },
    ));

  test(`${kind}: what a machine has begun comes before all that waits, and a foreign job ends as a bad torrent`, () =>
    withLab(
      folder,
      kind,
      2,
      async ({ lab, server, seed, output }) => {
        const place = output('alpha');
        const alpha = lab.work('alpha', place, '--slots', '2');
        await lab.fleet('add', seed.folder, '--priority', '7');
        await lab.until('begun', ({ machines }) =>
          machines.some(({ jobs }) => jobs.length === 2 && jobs.every(({ bytes }) => bytes > 0)),
        );
        alpha.signal('SIGTERM');
        await alpha.ended;
        const waiting = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(20));
        await lab.fleet('add', ...waiting, '--attempts', '1');
        await foreignJob(kind, server.url);
        const again = lab.work(
          'alpha',
          place,
          '--slots',
          '1',
          '--idle-timeout',
          '1s',
          '--first-unchoke-timeout',
          '1s',
        );
        await lab.until('done', ({ done, failed }) => done === 2 && failed === 4);
        const taken = again.events.filter(({ what }) => what === 'taken').map(({ infoHash }) => infoHash);
        assert.deepEqual(taken.slice(0, 2).sort(), seed.torrents.map(({ id }) => id).sort());
        const codes = (await lab.status()).failedJobs.map(({ code }) => code);
        assert.deepEqual(codes.sort(), ['bad-torrent', 'timeout', 'timeout', 'timeout']);
      },
      { bytes: 2 * MIB },
    ));

  test(`${kind}: a hybrid is one job by both of its hashes; a seed needs no slot; metrics of the fleet`, () =>
    withLab(
      folder,
      kind,
      2,
      async ({ lab, seed, output }) => {
        const place = output('hybrid');
        const file = join(place, 'hybrid.torrent');
        writeFileSync(join(place, 'data.bin'), Buffer.alloc(100_000, 7));
        libtorrentTorrent(join(place, 'data.bin'), file, 'hybrid', 16_384);
        const { infoHash, version2 } = loadTorrent(file);
        const [v1, v2] = [infoHash, version2?.infoHash].map((hash) =>
          Buffer.from(hash ?? []).toString('hex'),
        );
        const both = `magnet:?xt=urn:btih:${v1}&xt=urn:btmh:1220${v2}`;
        await lab.fleet('pause');
        assert.match(await lab.fleet('add', file), new RegExp(`^added: ${v1} `));
        for (const source of [v1, v2, both, file])
          assert.match(await lab.fleet('add', source as string), new RegExp(`^already there: ${v1} `));
        await lab.fleet('remove', v1 as string);
        assert.match(
          await lab.fleet('add', v2 as string),
          new RegExp(`^added: ${v2} `),
          'nothing is left of it',
        );
        await lab.fleet('remove', v2 as string);
        await lab.fleet('add', ...seed.torrents.map((torrent) => torrent.file));
        await lab.fleet('resume');
        const metrics = join(place, 'fleet.prom');
        const worker = lab.work(
          'alpha',
          output('alpha'),
          '--slots',
          '1',
          '--seed',
          '--metrics',
          metrics,
          '--metrics-port',
          '0',
        );
        const { machines } = await lab.until(
          'given',
          ({ done, machines }) => done === 2 && machines.some(({ seeds }) => seeds === 2),
        );
        assert.deepEqual(
          machines.map(({ slots, jobs }) => [slots, jobs.length]),
          [[1, 0]],
        );
        const [, url = ''] = /metrics at (\S+)/.exec(worker.text) ?? [];
        const served = await fetch(url, { headers: { connection: 'close' } });
        assert.match(await served.text(), /^unchoke_fleet_machine_slots\{machine="alpha"\} 1$/m);
        worker.signal('SIGTERM');
        assert.equal(await worker.ended, 0);
        assert.match(readFileSync(metrics, 'utf8'), /^unchoke_fleet_jobs\{state="done"\} 2$/m);
      },
      { bytes: MIB / 4 },
    ));
}
