/** Two hundred leeches come at once, from one address: each gets its blocks, and nothing of them is left. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ourSeed } from '../support/our-seed.ts';
import { READY_MS } from '../support/processes.ts';
import { rawLeech } from '../support/raw-leech.ts';
import { makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';
import { wire } from '../support/wire-bytes.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'file.torrent');
const BLOCK = 16_384;
const PIECE = 4 * BLOCK;
const PIECES = 160;
const CROWD = 200;
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(PIECES * PIECE));
makeTorrent(join(data, 'file.bin'), torrent, 16);
const { infoHash } = loadTorrent(torrent);

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!holds()) {
    assert.ok(performance.now() < deadline, 'in time');
    await new Promise(setImmediate);
  }
}

test('two hundred leeches at once', () =>
  withStarted(async (keep) => {
    const seed = await keep(ourSeed(torrent, data, '--no-trackers'));
    const before = descriptorsOf(seed.pid);
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => keep(rawLeech(seed.port, infoHash))));
    let most = 0;
    await Promise.all(
      crowd.map(async (leech, i) => {
        await leech.unchoked();
        const asks = [0, 1, 2, 3].map((block) => wire.request(i % PIECES, block * BLOCK, BLOCK));
        leech.socket.write(Buffer.concat(asks));
        await leech.until(() => leech.blockBytes === PIECE);
        most = Math.max(most, descriptorsOf(seed.pid));
        // Half of them stay, and want nothing more; the others leave.
        if (i % 2 === 0) leech.socket.write(wire.notInterested);
        else await leech.stop();
      }),
    );
    assert.ok(most >= before + CROWD / 2, `${most} descriptors: they were there together`);
    assert.ok(most <= before + CROWD + 8, `${most} descriptors, ${before} before`);
    await until(() => descriptorsOf(seed.pid) <= before + CROWD / 2 + 8);
    const run = await seed.stop();
    assert.equal(run.status, 0, run.stderr);
    const seeded = run.events.find(({ type }) => type === 'seeded');
    assert.equal(seeded?.['uploaded'], CROWD * PIECE);
    await Promise.all(crowd.map((leech) => leech.closed()));
  }));
