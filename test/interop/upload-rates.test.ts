/** The upload limit, as a real leech sees it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech } from '../support/leeches.ts';
import { ourSeed } from '../support/our-seed.ts';
import { makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'file.torrent');
const MIB = 2 ** 20;
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(56 * MIB));
makeTorrent(join(data, 'file.bin'), torrent, 18);

/** Between two moments ten seconds apart at that rate: it has begun long before the first. */
const SECONDS = 10;

for (const [limit, perS] of [
  ['4M', 4 * MIB],
  ['256K', MIB / 4],
] as const)
  test(`${limit} a second, within 5 %`, () =>
    withStarted(async (keep) => {
      const seed = await keep(ourSeed(torrent, data, '--no-trackers', '--upload-limit', limit));
      const output = join(folder, limit);
      mkdirSync(output);
      const leech = await keep(libtorrentLeech({ torrent }, output));
      leech.connect('127.0.0.1', seed.port);
      await leech.got(2 * perS);
      const from = await leech.bytes();
      await leech.got(from.bytes + SECONDS * perS);
      const to = await leech.bytes();
      const rate = (to.bytes - from.bytes) / (to.at - from.at);
      assert.ok(Math.abs(rate / perS - 1) < 0.05, `${(rate / 1_024).toFixed(1)} KiB/s`);
      assert.equal((await seed.stop()).status, 0);
    }));
