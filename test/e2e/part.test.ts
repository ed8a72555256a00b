/** `--part`: a file has its final name only when the download is verified. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeFile, madeTorrent, type SeedHabits, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;
const files: readonly MadeFile[] = [
  { path: 'a.bin', bytes: randomBytes(PIECE * 3 + 50) },
  // Another file has the name that it would have meanwhile.
  { path: 'a.bin.part', bytes: randomBytes(PIECE) },
  { path: 'sub/b.bin', bytes: randomBytes(PIECE * 3) },
  { path: 'empty', bytes: Buffer.alloc(0) },
];
const made = madeTorrent(files, PIECE);
const torrent = writeTo(folder, 'set.torrent', made.torrent);
const NAMES = ['a.bin', 'a.bin.part', 'empty', 'sub/b.bin'];
const MEANWHILE = ['a.bin.1.part', 'a.bin.part.part', 'empty.part', 'sub/b.bin.part'];

const filesIn = (path: string): string[] =>
  readdirSync(join(path, 'set'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== 'sub')
    .sort();

function assertComplete(path: string): void {
  assert.deepEqual(filesIn(path), NAMES);
  for (const { path: name, bytes } of files)
    assert.ok(readFileSync(join(path, 'set', name)).equals(bytes), name);
  assert.deepEqual(readdirSync(path), ['set'], 'neither journal nor lock stays');
}

async function withSeed(
  habits: SeedHabits,
  work: (start: (path: string, ...more: readonly string[]) => RunningCli) => Promise<void>,
): Promise<void> {
  const seed = await torrentSeed(made, '127.0.0.12', habits);
  try {
    await work((path, ...more) =>
      startCli(['get', torrent, '-o', path, '--no-trackers', '--peer', seed.address, ...more]),
    );
  } finally {
    await seed.close();
  }
}

/** Starts a run with `--part`, and waits until its seed has sent some blocks. */
async function begun(path: string, work: (run: RunningCli) => Promise<void>): Promise<void> {
  let muted = (): void => {};
  const isMute = new Promise<void>((resolve) => {
    muted = resolve;
  });
  await withSeed({ muteAfter: 5, onMute: () => muted() }, async (start) => {
    const run = start(path, '--part');
    await isMute;
    await work(run);
  });
}

test('a run that is killed leaves files under other names only; the next one, with or without --part, completes them', async () => {
  for (const more of [[], ['--part']]) {
    const path = join(folder, `killed ${more.length}`);
    await begun(path, async (run) => {
      run.child.kill('SIGKILL');
      await run.ended;
    });
    assert.deepEqual(filesIn(path), MEANWHILE);
    await withSeed({}, async (start) => {
      const run = await start(path, ...more).ended;
      assert.equal(run.status, 0, run.stderr);
    });
    assertComplete(path);
  }
});

test('what has appeared under a final name is kept, and the verified file as well', async () => {
  const path = join(folder, 'appeared');
  let go = (): void => {};
  const heldUntil = new Promise<void>((resolve) => {
    go = resolve;
  });
  await withSeed({ heldUntil }, async (start) => {
    const run = start(path, '--part', '--json');
    await run.line((line) => line.includes('"first-unchoke"'));
    writeFileSync(join(path, 'set', 'a.bin'), 'mine');
    go();
    const { status, stderr } = await run.ended;
    assert.equal(status, 5, stderr);
    assert.match(
      stderr,
      /set\/a\.bin: something with this name appeared during the download; .*a\.bin\.1\.part/,
    );
  });
  assert.equal(readFileSync(join(path, 'set', 'a.bin'), 'utf8'), 'mine');
  assert.ok(readFileSync(join(path, 'set', 'a.bin.1.part')).equals(files[0]?.bytes ?? Buffer.alloc(0)));
});

test('another program has a file NAME.part: without --part it is not ours', async () => {
  const path = join(folder, 'foreign');
  const single = madeTorrent([{ path: 'x', bytes: randomBytes(PIECE) }], PIECE, 'one');
  writeTo(folder, 'one.torrent', single.torrent);
  const seed = await torrentSeed(single, '127.0.0.13');
  const start = (...more: readonly string[]) =>
    startCli([
      'get',
      join(folder, 'one.torrent'),
      '-o',
      path,
      '--no-trackers',
      '--peer',
      seed.address,
      ...more,
    ]).ended;
  try {
    assert.equal((await start()).status, 0);
    writeFileSync(join(path, 'one', 'x.part'), 'a browser has this');
    assert.equal((await start('--part')).status, 0);
    assert.equal(readFileSync(join(path, 'one', 'x.part'), 'utf8'), 'a browser has this');
    assert.equal(existsSync(join(path, 'one', 'x.part.part')), false);
  } finally {
    await seed.close();
  }
});
