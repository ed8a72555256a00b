/** The end of a download: a peer that went silent holds the last pieces. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shardOf } from '../../src/main/race/sharding.ts';
import { SNUBBED_AFTER_MS } from '../../src/shared/limits.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { promiseAndResolve } from '../support/promise.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, type TorrentSeed, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const bytes = randomBytes(2 ** 20);
const made = madeTorrent([{ path: 'data.bin', bytes }], 65_536);
const torrent = writeTo(folder, 'endgame.torrent', made.torrent);
const SHARDS = 2;

/** A seed with an address that belongs to the wanted shard. */
async function seedOnShard(
  shard: number,
  options: { delayMs?: number; muteAfter?: number; onMute?: () => void; heldUntil?: Promise<void> },
): Promise<TorrentSeed> {
  for (let host = 1; ; host++) {
    const seed = await torrentSeed(made, `127.0.${5 + shard}.${host}`, options);
    const [address, port] = seed.address.split(':');
    if (shardOf(address as string, Number(port), SHARDS) === shard) return seed;
    await seed.close();
  }
}

for (const [name, mutesShard] of [
  ['the same shard', 0],
  ['another shard', 1],
] as const) {
  test(`the blocks of a silent peer of ${name} come from the other within a few seconds`, async () => {
    // Otherwise the honest one could be done before the other shard's thread is up.
    const fallen = promiseAndResolve();
    const honest = await seedOnShard(0, { heldUntil: fallen.promise });
    const mute = await seedOnShard(mutesShard, { muteAfter: 5, onMute: fallen.resolve });
    const output = join(folder, name);
    const peers = ['--peer', mute.address, '--peer', honest.address];
    const run = await runCli(
      'get',
      torrent,
      '-o',
      output,
      '--no-trackers',
      '--shards',
      String(SHARDS),
      '--json',
      ...peers,
    );
    await Promise.all([honest.close(), mute.close()]);
    assert.equal(run.status, 0, run.stderr);
    assert.ok(readFileSync(join(output, 'set', 'data.bin')).equals(bytes));
    assert.equal(mute.served, 5, 'the fault fired: it served a few and fell silent');
    const progress = run.events.filter(({ type }) => type === 'progress');
    const seconds = progress.length * 0.25;
    assert.ok(
      seconds < 0.75 * (SNUBBED_AFTER_MS / 1_000),
      `${seconds} s of progress events: it must not take a snub to end it`,
    );
  });
}
