/**
 * Whole sessions in virtual time: a fixed part of the random ones, and those that failed once. To run more:
 * `npm run simulate -- --seeds 10000 --from 1000`. To run one with a log: `npm run simulate -- --seed 7 --log`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mayPass } from '../../src/main/cli/runs/may-pass.ts';
import type { Failure } from '../../src/main/failure.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import type { DiskPath } from '../../src/shared/file-system.ts';
import { runScenario } from '../simulate/run-scenario.ts';
import { type Scenario, scenarioOf } from '../simulate/scenario.ts';
import { contentOf } from '../simulate/sim-content.ts';
import { traded } from '../simulate/traders.ts';
import { ROOT } from '../support/paths.ts';
import { systemError } from '../support/virtual-files.ts';
import { aloneMachine } from '../support/virtual-machine.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf } from '../support/wire-bytes.ts';

const SEEDS = 50;

test(`${SEEDS} random sessions: verified data is right, no honest peer is banned, all complete in time, nothing stays open`, async () => {
  const failed: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failures } = await runScenario(scenarioOf(seed));
    for (const failure of failures) failed.push(`seed ${seed}: ${failure}`);
  }
  assert.deepEqual(failed, []);
  assert.ok(traded.blocks > 100, `${traded.blocks} blocks were given to leechers that trade`);
});

test('a session is the same each time, also where its process is killed', async () => {
  const isKilled = ({ events }: Scenario): boolean =>
    events.some(({ type, atMs }) => type === 'killed' && atMs < 1_500);
  const scenarios = Array.from({ length: 200 }, (_, i) => scenarioOf(i + 1)).filter(isKilled);
  for (const scenario of scenarios.slice(0, 2)) {
    const runs = [[], []] as [string[], string[]];
    for (const log of runs) await runScenario(scenario, (text) => log.push(text));
    assert.ok(runs[0].some((line) => line.includes('the next process begins')));
    assert.deepEqual(runs[0], runs[1]);
  }
});

/** A session with a torrent of a magnet link, and one peer that has nothing. */
function searching() {
  const machine = aloneMachine();
  const nothing = { name: null, trackers: [], webSeeds: [], select: [], passedOver: [] };
  const peers = [{ host: '11.0.0.1', port: 1 }];
  machine.net.add('11.0.0.1', 1, { script: [[0, { say: handshakeOf(INFO_HASH, '-XX0001-none') }]] });
  const torrent = new SessionTorrent(
    { kind: 'magnet', magnet: { hashes: { v1: INFO_HASH, v2: null }, peers, ...nothing } },
    DEFAULT_TORRENT,
    machine.current.session,
  );
  const { loop } = machine;
  /** What the torrent is once the work is done. */
  const within = async (work: Promise<void>): Promise<string> => {
    await loop.run(loop.time.now() + 5_000, isSettled(work));
    return torrent.state;
  };
  return { machine, torrent, loop, within };
}

test('a magnet link whose metadata no peer has can be paused, resumed and removed', async () => {
  const { machine, torrent, loop, within } = searching();
  torrent.begin();
  await loop.run(2_000);
  assert.equal(machine.net.links.size, 1, 'it searches');
  assert.equal(await within(torrent.pause()), 'paused');
  assert.equal(await within(torrent.resume()), 'searching');
  assert.equal(await within(torrent.remove()), 'removed');
  await within(machine.current.session.close());
  await loop.run(loop.time.now() + 10);
  assert.deepEqual(machine.left, []);
});

test('a run that cannot be closed in order fails its torrent, which can be removed', async () => {
  const { machine, torrent, loop, within } = searching();
  const { shards } = machine.current.session;
  const forget = shards.forget.bind(shards);
  shards.forget = (id) => {
    forget(id);
    throw new Error('injected');
  };
  torrent.begin();
  await loop.run(2_000);
  const completed = assert.rejects(torrent.completed, /injected/);
  assert.equal(await within(torrent.pause()), 'failed');
  await completed;
  assert.equal(await within(torrent.remove()), 'removed');
  await within(machine.current.session.close());
  await loop.run(loop.time.now() + 10);
  assert.deepEqual(machine.left, []);
});

/** A session with a torrent of one file, from a .torrent file, and one peer that does not answer. */
function placed() {
  const machine = aloneMachine();
  const { current } = machine;
  const setup = { offset: 0, pieceLength: 16_384, files: [40_000], private: false };
  const { metainfo } = contentOf(setup, 't', [], []);
  const settings = { ...DEFAULT_TORRENT, output: '/out', peers: [{ host: '11.0.0.1', port: 1 }] };
  const torrent = new SessionTorrent({ kind: 'torrent', metainfo }, settings, current.session);
  return { current, torrent, loop: machine.loop };
}

for (const [what, isAsked] of [
  ['its journal', (path: string) => path.endsWith('.unchoke')],
  ['its files', (path: string) => path.endsWith('/t')],
] as const)
  test(`a share that is away when a run looks for ${what} is a failure of the disk, which may pass`, async () => {
    const { current, torrent, loop } = placed();
    const { lstat } = current.files;
    let failed = 0;
    Object.assign(current.files, {
      lstat: (path: DiskPath) => {
        // The search for names of other clients looks first, and takes an error for nothing.
        if (isAsked(String(path))) {
          failed += 1;
          throw systemError('ENOTCONN');
        }
        return lstat(path);
      },
    });
    const completed = assert.rejects(torrent.completed, (error: Failure) => {
      assert.equal(error.code, 'disk');
      assert.match(error.message, /ENOTCONN/);
      return mayPass(error);
    });
    torrent.begin();
    await loop.run(2_000);
    await completed;
    assert.ok(failed > 0);
  });

test('a torrent whose disk has died can be removed, and its session closed', async () => {
  const { current, torrent, loop } = placed();
  torrent.begin();
  await loop.run(2_000);
  assert.equal(torrent.state, 'downloading');
  const { close } = current.files;
  const failed: number[] = [];
  Object.assign(current.files, {
    close: (descriptor: number) => {
      close(descriptor);
      failed.push(descriptor);
      throw systemError('ENOTCONN');
    },
  });
  const completed = assert.rejects(torrent.completed, { code: 'interrupted' });
  const removed = torrent.remove();
  await loop.run(loop.time.now() + 5_000, isSettled(removed));
  await Promise.all([removed, completed]);
  assert.deepEqual([torrent.state, failed.length > 0], ['removed', true]);
  const closed = current.session.close();
  await loop.run(loop.time.now() + 5_000, isSettled(closed));
  await closed;
});

function isSettled(work: Promise<void>): () => boolean {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  work.then(end, end);
  return () => isOver;
}

interface Found {
  readonly what: string;
  readonly scenario: Scenario;
}

const found = JSON.parse(readFileSync(join(ROOT, 'test', 'simulate', 'found.json'), 'utf8')) as Found[];

for (const { what, scenario } of found)
  test(`found by seed ${scenario.seed}: ${what}`, async () => {
    assert.deepEqual((await runScenario(scenario)).failures, []);
  });
