/** `unchoke create` against the usual tools: the same input gives the same torrent. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { makeTorrent } from '../support/seeds.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const single = join(folder, 'single.bin');
writeFileSync(single, randomBytes(1_234_567));
const many = join(folder, 'many files');
for (const [path, length] of Object.entries({
  'b/two': 70_000,
  'a/one ü': 5,
  'B/upper': 40_000,
  'b.txt': 9,
  empty: 0,
  'b/a/deep': 33_000,
})) {
  mkdirSync(join(many, path, '..'), { recursive: true });
  writeFileSync(join(many, path), randomBytes(length));
}

/** transmission-create 3.00 leaves out empty files and sorts without case. If neither matters, all agree. */
const plain = join(folder, 'plain files');
for (const [path, length] of Object.entries({
  'b/two': 70_000,
  'a/one ü': 5,
  'b.txt': 9,
  'b/a/deep': 33_000,
})) {
  mkdirSync(join(plain, path, '..'), { recursive: true });
  writeFileSync(join(plain, path), randomBytes(length));
}

const hex = (torrent: string): string => Buffer.from(loadTorrent(torrent).infoHash).toString('hex');

for (const [name, source] of [
  ['one file', single],
  ['a folder', many],
] as const) {
  test(`the info hash of ${name} is that of mktorrent`, async () => {
    for (const exponent of [15, 18]) {
      const theirs = join(folder, `mk-${name}-${exponent}.torrent`);
      makeTorrent(source, theirs, exponent);
      const ours = join(folder, `our-${name}-${exponent}.torrent`);
      const run = await runCli('create', source, '-o', ours, '--piece-length', String(2 ** exponent));
      assert.equal(run.status, 0, run.stderr);
      assert.equal(hex(ours), hex(theirs));
    }
  });
}

for (const [name, source] of [
  ['one file', single],
  ['a folder', plain],
] as const) {
  test(`the info hash of ${name}, private, is that of transmission-create`, async () => {
    const theirs = join(folder, `tr-${name}.torrent`);
    const tracker = 'http://127.0.0.1:1/announce';
    const made = spawnSync('transmission-create', ['-p', '-s', '64', '-t', tracker, '-o', theirs, source], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
    const ours = join(folder, `our-tr-${name}.torrent`);
    const run = await runCli(
      'create',
      source,
      '-o',
      ours,
      '--piece-length',
      '64K',
      '--private',
      '--tracker',
      tracker,
    );
    assert.equal(run.status, 0, run.stderr);
    assert.equal(hex(ours), hex(theirs));
  });
}

test('transmission-show reads our torrent', async () => {
  const ours = join(folder, 'shown.torrent');
  await runCli('create', many, '-o', ours, '--comment', 'hello', '--tracker', 'udp://127.0.0.1:1');
  const shown = spawnSync('transmission-show', [ours], { encoding: 'utf8' });
  assert.match(shown.stdout, new RegExp(hex(ours)));
  assert.match(shown.stdout, /Comment: hello/);
});
