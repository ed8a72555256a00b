/**
 * Holepunching (BEP 55) with libtorrent, between two hosts behind a router each. The routers drop what nobody behind them has asked
 * for, so the two meet only if both dial at the same moment, and a third peer tells them to. We are each of the three in turn.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { HOSTS, type LabHost, NatLab } from '../support/nat-lab.ts';
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
function ours(lab: NatLab, host: LabHost, to: string, ...more: readonly string[]) {
  const args = ['get', torrent, '-o', to, '--no-trackers', '--json', '-vv', ...more];
  return startCli(args, lab.on(host));
}

describe('holepunching', { concurrency: 2, skip }, () => {
  for (const shards of ['1', '3'])
    test(`initiator, ${shards} threads: a libtorrent introduces us to another one`, () =>
      inLab('', async (lab) => {
        const relay = await knower(lab);
        const seed = await lab.seed('right', torrent, data, { pex: false });
        seed.say(`connect ${HOSTS.relay.seen} ${relay.port}`);
        await relay.done('peers all 1');
        const to = newFolder();
        const peer = `${HOSTS.relay.seen}:${relay.port}`;
        const run = await ours(lab, 'left', to, '--utp-is-wanted', '--peer', peer, '--shards', shards).ended;
        assert.equal(run.status, 0, run.stderr);
        assert.ok(isWhole(to));
        const { sources, transports } = run.events.at(-1) ?? {};
        assert.deepEqual(giving(transports), ['utp']);
        assert.deepEqual(giving(sources), ['holepunch'], run.stderr);
        assert.ok(lab.dropped('right') > 0, 'our first dials were dropped');
      }));
});
