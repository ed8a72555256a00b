/** `--select` and what comes after it: an interruption, the same selection again. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { magnetLink } from '../../src/main/torrent/magnet-link.ts';
import { runCli, STATE, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeFile, madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { content, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;

/** Each file but the first begins inside a piece of another one. */
const files: MadeFile[] = [
  { path: 'a.bin', bytes: randomBytes(50_000) },
  { path: 'b.bin', bytes: randomBytes(100_000) },
  { path: 'c.bin', bytes: randomBytes(60_000) },
];
const made = madeTorrent(files, PIECE);
const torrent = writeTo(folder, 'set.torrent', made.torrent);

async function get(output: string, ...more: string[]) {
  const seed = await torrentSeed(made, '127.0.0.12');
  try {
    const peer = ['--no-trackers', '--peer', seed.address];
    const run = await runCli('get', torrent, '-o', output, ...peer, '--json', ...more);
    return { run, served: seed.served };
  } finally {
    await seed.close();
  }
}

function assertFile(output: string, name: string): void {
  const { bytes } = files.find(({ path }) => path === name) as MadeFile;
  assert.ok(readFileSync(join(output, 'set', name)).equals(bytes), name);
}

/** The middle file, up to its last piece. */
async function interrupted(output: string): Promise<void> {
  const mute = await torrentSeed(made, '127.0.0.11', { muteAfter: 6 });
  const peer = ['--no-trackers', '--peer', mute.address];
  const args = ['get', torrent, '-o', output, ...peer, '--select', 'b.bin', '--sequential', '--json'];
  const running = startCli(args);
  await running.line((line) => {
    const { type, bytes } = JSON.parse(line) as { type: string; bytes?: number };
    return type === 'progress' && Number(bytes) === 3 * PIECE;
  });
  running.child.kill('SIGINT');
  assert.equal((await running.ended).status, 130);
  await mute.close();
}

test('an interrupted selection: the pieces that came do not come again, at its edge neither', async () => {
  const output = join(folder, 'interrupted');
  await interrupted(output);
  const { run, served } = await get(output, '--select', 'b.bin');
  assert.deepEqual([run.status, served], [0, 2], run.stderr);
  assertFile(output, 'b.bin');
});

interface Told {
  readonly path: string;
  readonly status: string;
  readonly badPieces: number;
  readonly missingPieces: number;
  readonly uncertainPieces: number;
}

/** By file: status, bad, missing and uncertain pieces. */
async function verify(output: string, ...more: string[]) {
  const args = ['verify', torrent, output, ...more];
  const run = await runCli(...args, '--json');
  const verified = run.events.find(({ type }) => type === 'verified');
  const told = (verified?.['files'] ?? []) as Told[];
  const byName = Object.fromEntries(
    told.map(({ path, status, badPieces, missingPieces, uncertainPieces }) => [
      basename(path),
      [status, badPieces, missingPieces, uncertainPieces],
    ]),
  );
  const pieces = [verified?.['goodPieces'], verified?.['pieces']];
  return { status: run.status, files: byName, pieces, text: await runCli(...args) };
}

const MISSING_A = ['missing', 0, 2, 0];
const MISSING_C = ['missing', 0, 3, 0];
const GOOD = ['good', 0, 0, 0];

test('verify after a selection: what was not fetched is missing, and --select looks at the rest alone', async () => {
  const output = join(folder, 'verified');
  assert.equal((await get(output, '--select', 'b.bin')).run.status, 0);
  const all = await verify(output);
  assert.deepEqual(all.files, { 'a.bin': MISSING_A, 'b.bin': GOOD, 'c.bin': MISSING_C });
  // The pieces at its edges are not complete.
  assert.deepEqual([all.status, all.pieces], [6, [2, 7]]);
  assert.match(all.text.stdout, /^good +97.7 KiB +set\/b.bin$/m);
  assert.match(all.text.stdout, /^1 of 3 files good, 2 missing; 2 of 7 pieces good; /m);
  assert.match(all.text.stderr, /if you fetched only some files: verify and get take the same --select/);
  const [command] = /unchoke get .*$/m.exec(all.text.stderr) ?? [];
  assert.equal(command, `unchoke get ${torrent} -o ${output}`);

  const selected = await verify(output, '--select', 'b.bin');
  assert.deepEqual([selected.status, selected.files, selected.pieces], [0, { 'b.bin': GOOD }, [4, 4]]);
  const other = await verify(output, '--select', 'a.bin,c.bin');
  assert.deepEqual([other.status, other.files], [6, { 'a.bin': MISSING_A, 'c.bin': MISSING_C }]);
  assert.match(other.text.stderr, / --select a.bin,c.bin$/m);
  const none = await runCli('verify', torrent, output, '--select', 'nothing');
  assert.deepEqual([none.status, /no file of set matches/.test(none.stderr)], [2, true]);
});

test('verify of an edge: damage is found, and without the kept hash it is not known; get helps', async () => {
  const output = join(folder, 'edge');
  assert.equal((await get(output, '--select', 'b.bin')).run.status, 0);
  const path = join(output, 'set', 'b.bin');
  const bytes = readFileSync(path);
  const damaged = Buffer.from(bytes);
  damaged.writeUInt8(damaged.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  writeFileSync(path, damaged);
  const bad = await verify(output, '--select', 'b.bin');
  assert.deepEqual([bad.status, bad.files], [6, { 'b.bin': ['bad', 1, 0, 0] }]);
  writeFileSync(path, bytes);

  // Another torrent of these files: nothing was kept of it.
  const forgetful = madeTorrent(files, PIECE / 2);
  const unknown = writeTo(folder, 'half.torrent', forgetful.torrent);
  const { stdout, stderr, status } = await runCli('verify', unknown, output, '--select', 'b.bin');
  assert.match(stdout, /^uncertain +97.7 KiB +set\/b.bin \(2 pieces not to be judged\)$/m);
  assert.match(stderr, /get fetches such a piece again/);
  assert.equal(status, 6);
});

test('the hashes at the edges are kept until all files are there', async () => {
  const output = join(folder, 'all');
  const record = join(STATE, 'unchoke', 'edges', `${made.infoHash.toString('hex')}.json`);
  const kept = (): boolean => existsSync(record);
  // Other places need it as well.
  rmSync(record, { force: true });
  assert.equal((await get(output, '--select', 'b.bin')).run.status, 0);
  assert.equal(kept(), true);
  assert.equal((await get(output, '--select', 'a.bin,b.bin')).run.status, 0);
  assert.equal(kept(), true, 'one file is not there');
  assert.equal((await get(output)).run.status, 0);
  assert.equal(kept(), false);
});

test('verify after an interruption: the journal says what has not come', async () => {
  const output = join(folder, 'verify interrupted');
  await interrupted(output);
  const before = await verify(output, '--select', 'b.bin');
  assert.deepEqual([before.status, before.files], [6, { 'b.bin': ['incomplete', 0, 1, 0] }]);
  assert.match(before.text.stdout, /^incomplete +97.7 KiB +set\/b.bin \(1 of 4 pieces missing\)$/m);
  // A piece that came and is zeros now was lost; it is not one that never came.
  const path = join(output, 'set', 'b.bin');
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.from(bytes).fill(0, 2 * PIECE - 50_000, 3 * PIECE - 50_000));
  assert.deepEqual((await verify(output, '--select', 'b.bin')).files, { 'b.bin': ['bad', 1, 1, 0] });
  rmSync(join(output, 'set.unchoke'));
  assert.deepEqual((await verify(output, '--select', 'b.bin')).files, { 'b.bin': ['incomplete', 0, 2, 0] });
});

test('of a version 2 torrent without piece layers, a selected file needs no layer of the others', async () => {
  const piece = 16_384;
  const files = [
    { name: 'a', bytes: content(3 * piece + 5, 1) },
    { name: 'b', bytes: content(2 * piece, 2) },
  ];
  const torrent = join(folder, 'two.torrent');
  writeFileSync(torrent, torrentOfParts({ ...version2Parts(files, piece), top: {} }));
  // The only peer has the first file, and so no layer of the second one.
  const place = join(folder, 'one of two');
  mkdirSync(join(place, 'set'), { recursive: true });
  writeFileSync(join(place, 'set', 'a'), files[0]?.bytes ?? '');
  const share = startCli(['share', torrent, '--data', place, '--no-trackers', '--no-nat', '--json']);
  try {
    const listening = await share.line((line) => line.includes('"type":"listening"'));
    const peer = `127.0.0.1:${(JSON.parse(listening) as { port: number }).port}`;
    const output = join(folder, 'selected of two');
    const args = [torrent, '--peer', peer, '-o', output, '--no-trackers', '--idle-timeout', '5s'];
    const run = await runCli('get', ...args, '--select', 'a');
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(readFileSync(join(output, 'set', 'a')), files[0]?.bytes);
    const all = await runCli('get', ...args.slice(0, -1), '1s');
    assert.equal(all.status, 4);
    assert.match(all.stderr, /hashes/);
    // Metadata that came is kept, although there is no such file.
    const saved = join(folder, 'saved of two.torrent');
    const magnet = magnetLink(loadTorrent(torrent));
    const none = await runCli('get', magnet, ...args.slice(1), '--select', 'c', '--save-torrent', saved);
    assert.equal(none.status, 2, none.stderr);
    assert.deepEqual(loadTorrent(saved).infoHash, loadTorrent(torrent).infoHash);
  } finally {
    share.child.kill('SIGTERM');
    await share.ended;
  }
});
