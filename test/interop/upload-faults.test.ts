/** What happens to our seed while a libtorrent downloads from it: it is killed, or a file of it is cut. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech } from '../support/leeches.ts';
import { ourSeed } from '../support/our-seed.ts';
import { makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'files.torrent');
const MIB = 2 ** 20;
const FILES = ['a.bin', 'b.bin', 'c.bin'];
mkdirSync(join(data, 'files'), { recursive: true });
for (const file of FILES) writeFileSync(join(data, 'files', file), randomBytes(4 * MIB));
makeTorrent(join(data, 'files'), torrent, 17);

function place(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

function copyOf(name: string): string {
  const copy = place(name);
  cpSync(data, copy, { recursive: true });
  return copy;
}

test('killed in the middle and started again: the leech completes, and nothing of the files was changed', () =>
  withStarted(async (keep) => {
    const copy = copyOf('killed');
    const looks = () =>
      FILES.map((file) => {
        const { size, mtimeMs, ino } = statSync(join(copy, 'files', file));
        return [size, mtimeMs, ino];
      });
    const before = looks();
    const first = await keep(ourSeed(torrent, copy, '--no-trackers', '--upload-limit', '2M'));
    const output = place('of the killed');
    const leech = await keep(libtorrentLeech({ torrent }, output));
    leech.connect('127.0.0.1', first.port);
    await leech.got(3 * MIB);
    await first.kill();
    const { bytes } = await leech.bytes();
    assert.ok(bytes < 11 * MIB, `${bytes} bytes: it was in the middle`);
    assert.equal((await first.stop()).signal, 'SIGKILL');
    const second = await keep(ourSeed(torrent, copy, '--no-trackers', '--port', String(first.port)));
    assert.equal(second.port, first.port);
    leech.connect('127.0.0.1', second.port);
    await leech.complete();
    assert.deepEqual(contentOf(output), contentOf(data));
    assert.equal((await second.stop()).status, 0);
    assert.deepEqual(looks(), before);
    assert.deepEqual(contentOf(copy), contentOf(data));
    assert.deepEqual(readdirSync(copy), ['files'], 'no lock and no journal is left');
  }));

test('a file is cut while we seed: the message names it, and the others are given', () =>
  withStarted(async (keep) => {
    const copy = copyOf('cut');
    const seed = await keep(ourSeed(torrent, copy, '--no-trackers'));
    truncateSync(join(copy, 'files', 'b.bin'), MIB);
    const [all, two] = [place('all'), place('two')];
    const greedy = await keep(libtorrentLeech({ torrent }, all));
    greedy.connect('127.0.0.1', seed.port);
    // It requests what we cannot read until it has learnt that we do not have it.
    await greedy.got(8 * MIB);
    const modest = await keep(libtorrentLeech({ torrent, only: [0, 2] }, two, {}, '127.0.0.10'));
    modest.connect('127.0.0.1', seed.port);
    await modest.complete();
    for (const file of ['a.bin', 'c.bin'])
      assert.ok(readFileSync(join(two, 'files', file)).equals(readFileSync(join(data, 'files', file))), file);
    const run = await seed.stop();
    assert.equal(run.status, 0, run.stderr);
    const named = run.stderr.split('\n').filter((line) => line.includes('b.bin'));
    assert.equal(named.length, 1, `one message: ${run.stderr}`);
    assert.equal(statSync(join(copy, 'files', 'b.bin')).size, MIB, 'we change nothing');
  }));
