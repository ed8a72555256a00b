/** The user's files in the output folder are kept, named, and never written through. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeFile, madeTorrent, type SeedHabits, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const root = process.getuid?.() === 0;
const PIECE = 32_768;
const files: MadeFile[] = [
  { path: 'a.bin', bytes: randomBytes(PIECE * 3 + 50) },
  { path: 'notes.txt', bytes: randomBytes(300) },
  { path: 'b.bin', bytes: randomBytes(PIECE * 3) },
  { path: 'c.bin', bytes: randomBytes(PIECE * 2) },
];
const made = madeTorrent(files, PIECE);
const torrent = writeTo(folder, 'set.torrent', made.torrent);
const bytesOf = (name: string): Buffer => files.find(({ path }) => path === name)?.bytes ?? Buffer.alloc(0);

/** An output folder that already contains these. */
function output(name: string, there: Readonly<Record<string, Buffer | string>> = {}): string {
  const path = join(folder, name);
  for (const [file, bytes] of Object.entries(there)) {
    mkdirSync(dirname(join(path, 'set', file)), { recursive: true });
    writeFileSync(join(path, 'set', file), bytes);
  }
  mkdirSync(join(path, 'set'), { recursive: true });
  return path;
}

function snapshot(path: string): unknown {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const stats = statSync(join(path, name));
    return [name, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs];
  });
}

function assertComplete(path: string): void {
  for (const { path: name, bytes } of files)
    assert.ok(readFileSync(join(path, 'set', name)).equals(bytes), name);
  assert.deepEqual(readdirSync(path), ['set'], 'neither journal nor lock stays');
}

/** `as`: a command that runs it. */
type Start = (path: string, more?: readonly string[], as?: readonly string[]) => RunningCli;

async function withSeed<Result>(
  work: (start: Start, served: () => number) => Promise<Result>,
  habits: SeedHabits = {},
): Promise<Result> {
  const seed = await torrentSeed(made, '127.0.0.11', habits);
  const start: Start = (path, more = [], as = []) =>
    startCli(['get', torrent, '-o', path, '--no-trackers', '--peer', seed.address, '--json', ...more], as);
  try {
    return await work(start, () => seed.served);
  } finally {
    await seed.close();
  }
}

const never = new Promise<void>(() => {});

test('files with other content are named all at once, and nothing is touched; --overwrite replaces files', () =>
  withSeed(async (start) => {
    const there = {
      'a.bin': Buffer.concat([bytesOf('a.bin').subarray(0, PIECE), Buffer.alloc(9, 1)]),
      'b.bin': 'my diary',
      'c.bin': Buffer.concat([bytesOf('c.bin'), Buffer.from('and more')]),
    };
    const path = output('named', there);
    mkdirSync(join(path, 'set', 'notes.txt'));
    const before = snapshot(path);
    const run = await start(path).ended;
    assert.equal(run.status, 5, run.stderr);
    assert.match(run.stderr, /b.bin: its content[\s\S]*c.bin: it has 65544 bytes/);
    assert.match(run.stderr, /notes.txt: a folder is there/);
    assert.doesNotMatch(run.stderr, /a.bin/, 'the first piece of it is right');
    assert.deepEqual(snapshot(path), before);
    rmSync(join(path, 'set', 'notes.txt'), { recursive: true });
    const victim = writeTo(folder, 'victim', Buffer.from('precious'));
    symlinkSync(victim, join(path, 'set', 'notes.txt'));
    const linked = await start(path, ['--overwrite']).ended;
    assert.deepEqual([linked.status, /notes.txt: a symbolic link/.test(linked.stderr)], [5, true]);
    assert.doesNotMatch(linked.stderr, /b.bin/);
    rmSync(join(path, 'set', 'notes.txt'));
    const over = await start(path, ['--overwrite']).ended;
    assert.equal(over.status, 0, over.stderr);
    assertComplete(path);
    assert.equal(readFileSync(victim, 'utf8'), 'precious');
  }));

test('a file that only its neighbours can prove is kept: used if it is right, named at the end if it is not', () =>
  withSeed(async (start, served) => {
    const path = output('guarded', { 'notes.txt': Buffer.alloc(300, 'mine') });
    for (const _ of ['first', 'again, with the journal of the first']) {
      const run = await start(path).ended;
      assert.equal(run.status, 5, run.stderr);
      assert.match(run.stderr, /all other files are complete:\n.*notes.txt: its content/);
      assert.equal(readFileSync(join(path, 'set', 'notes.txt'), 'latin1'), 'mine'.repeat(75));
      assert.ok(readFileSync(join(path, 'set', 'b.bin')).equals(bytesOf('b.bin')));
    }
    rmSync(join(path, 'set', 'notes.txt'));
    const before = served();
    const run = await start(path).ended;
    assert.equal(run.status, 0, run.stderr);
    assert.ok(served() - before <= 2, 'only the piece that it lies in');
    assertComplete(path);
    const right = output('guarded right', { 'notes.txt': bytesOf('notes.txt') });
    chmodSync(join(right, 'set', 'notes.txt'), 0o444);
    const { mtimeMs } = statSync(join(right, 'set', 'notes.txt'));
    const asMortal = root ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
    const kept = await start(right, [], asMortal).ended;
    assert.equal(kept.status, 0, kept.stderr);
    assertComplete(right);
    assert.equal(statSync(join(right, 'set', 'notes.txt')).mtimeMs, mtimeMs);
  }));

test(
  'complete data that cannot be written ends well',
  { skip: root ? false : 'needs root to become another user' },
  () =>
    withSeed(async (start) => {
      const path = output(
        'read-only',
        Object.fromEntries(files.map(({ path: name, bytes }) => [name, bytes])),
      );
      for (const name of readdirSync(join(path, 'set'))) chmodSync(join(path, 'set', name), 0o444);
      for (const each of [join(path, 'set'), path]) chmodSync(each, 0o555);
      for (const each of [folder, torrent]) chownSync(each, 65_534, 65_534);
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/nowhere'];
      const before = snapshot(path);
      const run = await start(path, [], nobody).ended;
      chownSync(folder, 0, 0);
      assert.equal(run.status, 0, run.stderr);
      assert.deepEqual(snapshot(path), before);
    }),
);

test(
  'two runs in a folder where no file can be made are also kept apart',
  { skip: root ? false : 'needs root to become another user' },
  () =>
    withSeed(
      async (start) => {
        const path = output('no new files', Object.fromEntries(files.map(({ path: name }) => [name, ''])));
        for (const name of readdirSync(join(path, 'set'))) chmodSync(join(path, 'set', name), 0o666);
        chmodSync(path, 0o555);
        for (const each of [folder, torrent]) chownSync(each, 65_534, 65_534);
        const state = output('state of nobody');
        chownSync(state, 65_534, 65_534);
        const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'env'];
        const [first, ...rest] = Array.from({ length: 2 }, () =>
          start(path, [], [...nobody, `XDG_STATE_HOME=${state}`, 'HOME=/nowhere']),
        );
        const ended = await Promise.race([first, ...rest].map((run) => run?.ended));
        chownSync(folder, 0, 0);
        assert.equal(ended?.status, 5);
        assert.match(ended?.stderr ?? '', /another run of unchoke \(process \d+\)/);
        for (const run of [first, ...rest]) run?.child.kill('SIGKILL');
        for (const run of [first, ...rest]) await run?.ended;
      },
      { heldUntil: never },
    ),
);

test('a journal that another user wrote verifies nothing', () =>
  withSeed(async (start) => {
    const data = Buffer.alloc(PIECE * 3 + 50, 'EVIL');
    bytesOf('a.bin').copy(data, PIECE, PIECE, PIECE * 2);
    const path = output('forged', { 'a.bin': data });
    const { size, mtimeMs } = statSync(join(path, 'set', 'a.bin'));
    const infoHash = made.infoHash.toString('hex');
    const stamps = [{ size, mtimeMs }, null, null, null];
    const line = JSON.stringify({
      v: 1,
      infoHash,
      verified: Buffer.alloc(2, 255).toString('base64'),
      stamps,
    });
    const sum = createHash('sha256').update(line).digest('hex');
    writeFileSync(join(path, 'set.unchoke'), `${line}\n${sum}\n`);
    const run = await start(path).ended;
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.events.at(-1)?.['found'], PIECE);
    assertComplete(path);
  }));

test('two runs at one place are kept apart; a run that was killed in its first piece leaves data for the next one', async () => {
  const path = output('two');
  await withSeed(
    async (start) => {
      const first = start(path);
      await first.line((line) => line.startsWith('{"type":"first-unchoke"'));
      const second = await start(path).ended;
      assert.deepEqual(
        [second.status, /another run of unchoke \(process \d+\)/.test(second.stderr)],
        [5, true],
      );
      first.child.kill('SIGKILL');
      assert.equal((await first.ended).signal, 'SIGKILL');
      assert.deepEqual(readdirSync(path), ['set', 'set.unchoke', 'set.unchoke.lock'], 'the fault fired');
    },
    { heldUntil: never },
  );
  // Half of a piece was written: no piece verifies, and the file is not zeros.
  writeSync(
    openSync(join(path, 'set', 'b.bin'), 'r+'),
    bytesOf('b.bin').subarray(40_000, 45_000),
    0,
    5_000,
    40_000,
  );
  await withSeed(async (start) => {
    const run = await start(path).ended;
    assert.equal(run.status, 0, run.stderr);
    assertComplete(path);
  });
});

test('a folder that becomes a link during the run is not followed', async () => {
  const path = output('swapped');
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'a.bin'), 'important');
  let release: () => void = () => {};
  const heldUntil = new Promise<void>((resolve) => {
    release = resolve;
  });
  await withSeed(
    async (start) => {
      const running = start(path);
      await running.line((line) => line.startsWith('{"type":"first-unchoke"'));
      renameSync(join(path, 'set'), join(path, 'set.old'));
      symlinkSync(outside, join(path, 'set'));
      release();
      const run = await running.ended;
      assert.equal(run.status, 5, run.stderr);
      assert.match(run.stderr, /a folder became a link/);
    },
    { heldUntil },
  );
  assert.equal(readFileSync(join(outside, 'a.bin'), 'utf8'), 'important');
  assert.deepEqual(readdirSync(outside), ['a.bin']);
  assert.equal(existsSync(join(path, 'set.old')), true);
});
