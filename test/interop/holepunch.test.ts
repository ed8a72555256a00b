/**
 * Holepunching (BEP 55) with libtorrent, between two hosts behind a router each. The routers drop what nobody behind them has asked
 * for, so the two meet only if both dial at the same moment, and a third peer tells them to. We are each of the three in turn.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { HOSTS, type LabClient, type LabHost, NatLab } from '../support/nat-lab.ts';
import { makeTorrent } from '../support/seeds.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const skip = spawnSync('unshare', ['-n', 'true']).status !== 0;

const data = join(folder, 'data');
mkdirSync(data);
const content = randomBytes(3 * 2 ** 20 + 333);
writeFileSync(join(data, 'near.bin'), content);
const torrent = join(folder, 'near.torrent');
makeTorrent(join(data, 'near.bin'), torrent, 16);

/** Of two files that share no piece. One peer has the first one, nobody has the second. */
const pairData = join(folder, 'pair data');
const pair = join(folder, 'pair.torrent');
mkdirSync(join(pairData, 'pair'), { recursive: true });
writeFileSync(join(pairData, 'pair', 'big.bin'), randomBytes(2 ** 20));
writeFileSync(join(pairData, 'pair', 'other.bin'), randomBytes(2 ** 20));
makeTorrent(join(pairData, 'pair'), pair, 16);
rmSync(join(pairData, 'pair', 'other.bin'));

/** A libtorrent that gives up a dial sooner, and tries again sooner. */
const HASTY = { allow_multiple_connections_per_ip: false, peer_connect_timeout: 5, min_reconnect_time: 1 };

let runs = 0;
const newFolder = (): string => {
  const path = join(folder, `run ${runs++}`);
  mkdirSync(path);
  return path;
};
const isWhole = (path: string): boolean => readFileSync(join(path, 'near.bin')).equals(content);

interface Row {
  readonly name: string;
  readonly gaveData: number;
}

const giving = (rows: unknown): string[] =>
  (rows as readonly Row[]).flatMap(({ name, gaveData }) => (gaveData > 0 ? [name] : []));

async function inLab(masquerade: string, work: (lab: NatLab) => Promise<void>): Promise<void> {
  const lab = await NatLab.open(masquerade);
  try {
    await work(lab);
  } finally {
    await lab.close();
  }
}

/** A libtorrent at the public host that has nothing and wants nothing: it only knows others. */
const knower = (lab: NatLab) => lab.seed('relay', torrent, newFolder(), { idle: true });

/** Ours, which finds only the peers that others name. */
const ours = (lab: NatLab, host: LabHost, what: string, to: string, ...more: readonly string[]) =>
  lab.start(host, ['get', what, '-o', to, '--no-trackers', '--json', '-vv', ...more]);

/** We are behind the left router and want what a libtorrent behind the right one has. A third one names it to us. */
async function beInitiator(lab: NatLab, ...options: readonly string[]) {
  const relay = await knower(lab);
  // It hears of nobody, so it cannot be the one that asks.
  const seed = await lab.seed('right', torrent, data, { pex: false });
  seed.say(`connect ${HOSTS.relay.seen} ${relay.port}`);
  await relay.done('peers all 1');
  const to = newFolder();
  const peer = `${HOSTS.relay.seen}:${relay.port}`;
  return { run: await ours(lab, 'left', torrent, to, '--peer', peer, ...options).ended, to };
}

/** We are behind the right router and have what a libtorrent behind the left one wants. A third one names us to it. */
async function beTarget(lab: NatLab, ...options: readonly string[]) {
  // A seed drops a peer that wants nothing. This one wants what nobody has.
  const relay = await lab.seed('relay', pair, newFolder(), { partial: true, only: [1] });
  const at = `${HOSTS.relay.seen}:${relay.port}`;
  const seeding = ['--select', 'big.bin', '--seed', '--no-nat', '--peer', at, ...options];
  const own = newFolder();
  cpSync(pairData, own, { recursive: true });
  const seed = ours(lab, 'right', pair, own, ...seeding);
  await relay.done('peers all 1');
  return { relay, seed };
}

/**
 * Our seed behind the right router hears of one peer now, from the third one, and of others only a minute later (BEP 11). So it
 * does not hear of the one behind the left router at the moment when that one hears of it: two that dial each other at one time
 * may meet by chance.
 */
async function hearOfAnother(lab: NatLab, port: number): Promise<void> {
  const other = await lab.seed('relay', pair, newFolder(), { idle: true, pex: false });
  other.say(`connect ${HOSTS.relay.seen} ${port}`);
  await other.done('peers all 2');
}

/** We are the public host and want what nobody has: we only know the two others, and one of them wants what the other one has. */
async function beRelay(lab: NatLab, option: string) {
  const relay = ours(lab, 'relay', pair, newFolder(), option, '--select', 'other.bin', '--port', '7000');
  await relay.line((line) => line.includes('"type":"listening"'));
  // It hears of nobody: two that hear of each other at one time may meet by chance.
  const seed = await lab.seed('right', pair, pairData, { partial: true, pex: false });
  seed.say(`connect ${HOSTS.relay.seen} 7000`);
  await seed.done('peers all 1');
  const settings = {
    allow_multiple_connections_per_ip: false,
    peer_connect_timeout: 5,
    min_reconnect_time: 1,
  };
  const leech = await lab.leech('left', { torrent: pair, folder: newFolder(), only: [0], settings });
  leech.say(`connect ${HOSTS.relay.seen} 7000`);
  return { relay, leech };
}

/** The last words of a run. */
interface Summary {
  readonly sources?: readonly Row[];
  readonly transports?: readonly Row[];
}

/** What the libtorrent leech says at its end: peers that gave something. */
interface Giver {
  readonly address: string;
  readonly utp: boolean;
  readonly got: number;
}

async function giversOf(leech: LabClient): Promise<Giver[]> {
  const [, said = ''] = await leech.lines.first(/^complete (.*)/);
  return (JSON.parse(said) as Giver[]).filter(({ got }) => got > 0);
}

describe('holepunching', { concurrency: 2, skip }, () => {
  for (const shards of ['1', '3'])
    test(`initiator, ${shards} threads: a libtorrent introduces us to another one`, () =>
      inLab('', async (lab) => {
        const { run, to } = await beInitiator(lab, '--utp-is-wanted', '--shards', shards);
        assert.equal(run.status, 0, run.stderr);
        assert.ok(isWhole(to));
        const { sources, transports } = run.events.at(-1) as Summary;
        assert.deepEqual(giving(transports), ['utp']);
        assert.deepEqual(giving(sources), ['holepunch'], run.stderr);
        assert.ok(lab.dropped('right') > 0, 'our first dials were dropped');
      }));

  test('without it, and with routers that give each destination another port, nothing arrives', async () => {
    for (const [masquerade, option] of [
      ['', '--no-utp'],
      ['fully-random', '--utp-is-wanted'],
    ] as const)
      await inLab(masquerade, async (lab) => {
        const { run } = await beInitiator(lab, option, '--idle-timeout', '15s');
        assert.notEqual(run.status, 0, run.stderr);
        const got = run.events.flatMap((event) => (event['type'] === 'progress' ? [event['bytes']] : []));
        assert.equal(got.at(-1), 0);
        assert.ok(lab.dropped('right') > 0, 'our dials were dropped');
      });
  });

  for (const shards of ['1', '3'])
    test(`target, ${shards} threads: a libtorrent introduces another one to us`, () =>
      inLab('', async (lab) => {
        const { relay, seed } = await beTarget(lab, '--utp-is-wanted', '--shards', shards);
        // Where nobody can dial us, a relay must know us by the port where we are dialled.
        await relay.done('peers utp 1');
        // The libtorrent behind the other router must be the one that asks.
        await hearOfAnother(lab, relay.port);
        const leech = await lab.leech('left', {
          torrent: pair,
          folder: newFolder(),
          only: [0],
          settings: HASTY,
        });
        leech.say(`connect ${HOSTS.relay.seen} ${relay.port}`);
        const givers = await giversOf(leech);
        assert.deepEqual(
          givers.map(({ address, utp }) => [address.split(':')[0], utp]),
          [[HOSTS.right.seen, true]],
        );
        assert.ok(lab.dropped('right') > 0, 'its first dials were dropped');
        seed.child.kill('SIGINT');
        const run = await seed.ended;
        assert.match(run.stderr, new RegExp(`${HOSTS.left.seen}:${leech.port} connected to us`));
      }));

  test('a target without uTP is not met', () =>
    inLab('', async (lab) => {
      const { relay } = await beTarget(lab, '--no-utp');
      const leech = await lab.leech('left', {
        torrent: pair,
        folder: newFolder(),
        only: [0],
        settings: HASTY,
      });
      leech.say(`connect ${HOSTS.relay.seen} ${relay.port}`);
      await leech.done(`missed ${HOSTS.right.seen}`);
      await leech.done(`missed ${HOSTS.right.seen}`);
      leech.say('bytes');
      const [, bytes] = await leech.lines.first(/^bytes \S+ (\d+)/);
      assert.equal(Number(bytes), 0);
    }));

  test('all three are ours, with three threads each', () =>
    inLab('', async (lab) => {
      const relay = ours(
        lab,
        'relay',
        pair,
        newFolder(),
        ...['--select', 'other.bin', '--port', '7000', '--utp-is-wanted'],
      );
      await relay.line((line) => line.includes('"listening"'));
      const own = newFolder();
      cpSync(pairData, own, { recursive: true });
      const common = [
        '--select',
        'big.bin',
        '--no-nat',
        '--peer',
        `${HOSTS.relay.seen}:7000`,
        '--utp-is-wanted',
      ];
      const seed = ours(lab, 'right', pair, own, '--seed', '--shards', '3', ...common);
      await seed.line((line) => line.includes('"complete"'));
      await hearOfAnother(lab, 7000);
      const to = newFolder();
      const run = await ours(lab, 'left', pair, to, '--shards', '3', ...common).ended;
      assert.equal(run.status, 0, run.stderr);
      const { sources, transports } = run.events.at(-1) as Summary;
      assert.deepEqual(giving(transports), ['utp']);
      assert.deepEqual(giving(sources), ['holepunch'], run.stderr);
      assert.ok(lab.dropped('right') > 0, 'our first dials were dropped');
    }));

  test('relay: we introduce a libtorrent to another one', () =>
    inLab('', async (lab) => {
      const { leech, relay } = await beRelay(lab, '--utp-is-wanted');
      const givers = await giversOf(leech);
      assert.deepEqual(
        givers.map(({ address, utp }) => [address.split(':')[0], utp]),
        [[HOSTS.right.seen, true]],
      );
      assert.ok(lab.dropped('right') + lab.dropped('left') > 0, 'their first dials were dropped');
      relay.child.kill('SIGINT');
      const run = await relay.ended;
      assert.deepEqual(giving((run.events.at(-1) as Summary).sources), [], 'nothing came from us');
    }));

  test('a relay without uTP says nothing of it, and the two do not meet', () =>
    inLab('', async (lab) => {
      const { leech } = await beRelay(lab, '--no-utp');
      await leech.done(`missed ${HOSTS.right.seen}`);
      await leech.done(`missed ${HOSTS.right.seen}`);
      leech.say('bytes');
      const [, bytes] = await leech.lines.first(/^bytes \S+ (\d+)/);
      assert.equal(Number(bytes), 0);
    }));
});
