/** `unchoke watch`: what is dropped into a folder is fetched, and moved when it is done. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { madeTorrent, type SeedHabits, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;
const made = (name: string) => madeTorrent([{ path: 'x.bin', bytes: randomBytes(PIECE * 4) }], PIECE, name);

function start(path: string, output: string, ...more: readonly string[]): RunningCli {
  const off = ['--no-trackers', '--no-dht', '--no-lsd', '--no-utp', '--json'];
  return startCli(['watch', path, '-o', output, ...off, ...more]);
}

const moved = (run: RunningCli, type: 'complete' | 'error' | 'try-failed') =>
  run.line((line) => line.includes(`"type":"${type}"`));

async function stopped(run: RunningCli): Promise<void> {
  run.child.kill('SIGTERM');
  const { status, stderr } = await run.ended;
  assert.equal(status, 0, stderr);
  assert.match(stderr, /stopped; what is left in the folder is fetched at the next start/);
}

/** Resolves when the file is there: a move follows the event by a moment. */
async function there(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
}

async function withSeed(
  of: ReturnType<typeof made>,
  habits: SeedHabits,
  work: (address: string) => Promise<void>,
): Promise<void> {
  const seed = await torrentSeed(of, '127.0.0.14', habits);
  try {
    await work(seed.address);
  } finally {
    await seed.close();
  }
}

describe('beside each other, because they wait most of the time', { concurrency: 3 }, () => {
  test('dropped torrents and magnets are fetched and moved; a second one of the same name gets a number', async () => {
    const [path, output] = [join(folder, 'in'), join(folder, 'out')];
    mkdirSync(path);
    const one = made('one');
    await withSeed(one, {}, async (address) => {
      writeFileSync(join(path, 'one.torrent'), one.torrent);
      writeFileSync(join(path, 'notes.txt'), 'not for us');
      const run = start(path, output, '--peer', address);
      await moved(run, 'complete');
      await there(join(path, 'done', 'one.torrent'));
      assert.ok(readFileSync(join(output, 'one', 'x.bin')).equals(one.data));
      writeFileSync(join(path, 'one.torrent'), one.torrent);
      await there(join(path, 'done', 'one-2.torrent'));
      const link = `magnet:?xt=urn:btih:${one.infoHash.toString('hex')}&x.pe=${address}`;
      writeFileSync(join(path, 'two.magnet'), `${link}\n`);
      // The seed has no metadata to give, so this one goes on until the end.
      await run.line((line) => line.includes('"source":"two.magnet"'));
      await stopped(run);
      assert.deepEqual(readdirSync(path).sort(), ['done', 'notes.txt', 'two.magnet']);
    });
  });

  test('with --reuse each torrent takes what other files have, and asks peers for the rest only', async () => {
    const [path, output, old] = ['reusing', 'reusing out', 'old'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const name of [path, old]) mkdirSync(name);
    const [whole, changed] = [made('whole'), made('changed')];
    writeFileSync(join(old, 'whole.bin'), whole.data);
    writeFileSync(join(old, 'x.bin'), Buffer.concat([randomBytes(PIECE), changed.data.subarray(PIECE)]));
    await withSeed(changed, {}, async (address) => {
      for (const { name, torrent } of [
        { name: 'whole.torrent', torrent: whole.torrent },
        { name: 'changed.torrent', torrent: changed.torrent },
      ])
        writeFileSync(join(path, name), torrent);
      const run = start(path, output, '--peer', address, '--reuse', old);
      for (const name of ['whole.torrent', 'changed.torrent']) await there(join(path, 'done', name));
      await stopped(run);
      const { events } = await run.ended;
      const taken = events
        .filter(({ type }) => type === 'complete')
        .map(({ reused, downloaded }) => [reused, downloaded]);
      assert.deepEqual(
        taken.sort((a, b) => Number(a[1]) - Number(b[1])),
        [
          [4 * PIECE, 0],
          [3 * PIECE, PIECE],
        ],
      );
      assert.ok(readFileSync(join(output, 'whole', 'x.bin')).equals(whole.data));
      assert.ok(readFileSync(join(output, 'changed', 'x.bin')).equals(changed.data));
    });
  });

  test('a torrent that is dropped again while it is given to peers is the same download, and the seed stays', async () => {
    const [path, output] = [join(folder, 'given'), join(folder, 'given out')];
    mkdirSync(path);
    const one = made('given');
    await withSeed(one, {}, async (address) => {
      writeFileSync(join(path, 'one.torrent'), one.torrent);
      const run = start(path, output, '--peer', address, '--seed', '--no-nat');
      await there(join(path, 'done', 'one.torrent'));
      writeFileSync(join(path, 'again.torrent'), one.torrent);
      await there(join(path, 'done', 'again.torrent'));
      await stopped(run);
      const { events } = await run.ended;
      const count = (wanted: string) => events.filter(({ type }) => type === wanted).length;
      assert.deepEqual(
        [count('complete'), count('seeded'), count('try-failed'), count('error')],
        [1, 1, 0, 0],
      );
    });
  });

  test('two files with one torrent: it is downloaded once, and both are done', async () => {
    const [path, output] = [join(folder, 'twice'), join(folder, 'twice out')];
    mkdirSync(path);
    const one = made('one');
    await withSeed(one, { delayMs: 100 }, async (address) => {
      for (const name of ['a.torrent', 'b.torrent']) writeFileSync(join(path, name), one.torrent);
      const run = start(path, output, '--peer', address);
      for (const name of ['a.torrent', 'b.torrent']) await there(join(path, 'done', name));
      await stopped(run);
      const { events, stderr } = await run.ended;
      assert.match(stderr, /it is downloaded once: the same torrent as \S+\/a\.torrent/);
      assert.equal(events.filter(({ type }) => type === 'complete').length, 1);
    });
  });

  test('a file that is copied slowly is waited for', async () => {
    const [path, output] = [join(folder, 'slow'), join(folder, 'slow out')];
    mkdirSync(path);
    const one = made('slow');
    await withSeed(one, {}, async (address) => {
      const half = join(path, 'x.torrent');
      writeFileSync(half, one.torrent.subarray(0, one.torrent.length / 2));
      const later = made('later');
      writeFileSync(join(path, 'y.torrent'), later.torrent);
      const run = start(path, output, '--peer', address, '--first-unchoke-timeout', '1s');
      // The other one has been tried and has failed meanwhile.
      await moved(run, 'try-failed');
      assert.ok(existsSync(half));
      writeFileSync(half, one.torrent);
      await moved(run, 'complete');
      await there(join(path, 'done', 'x.torrent'));
      await stopped(run);
      assert.ok(existsSync(join(path, 'y.torrent')));
    });
  });

  test('a stop leaves the torrent in the folder and files under other names; the next start completes them', async () => {
    const [path, output] = [join(folder, 'stop'), join(folder, 'stop out')];
    mkdirSync(path);
    const one = made('stop');
    writeFileSync(join(folder, 'stop.tmp'), one.torrent);
    renameSync(join(folder, 'stop.tmp'), join(path, 'stop.torrent'));
    let muted = (): void => {};
    const isMute = new Promise<void>((resolve) => {
      muted = resolve;
    });
    await withSeed(one, { muteAfter: 3, onMute: () => muted() }, async (address) => {
      const run = start(path, output, '--peer', address);
      await isMute;
      await stopped(run);
    });
    assert.deepEqual(readdirSync(path), ['stop.torrent']);
    assert.deepEqual(readdirSync(join(output, 'stop')), ['x.bin.part']);
    await withSeed(one, {}, async (address) => {
      const run = start(path, output, '--peer', address);
      await moved(run, 'complete');
      await there(join(path, 'done', 'stop.torrent'));
      await stopped(run);
    });
    assert.ok(readFileSync(join(output, 'stop', 'x.bin')).equals(one.data));
  });

  test('a folder that is not there is an error', async () => {
    const { status, stderr } = await start(join(folder, 'nowhere'), folder).ended;
    assert.deepEqual([status, /nowhere: there is no such folder; make it first/.test(stderr)], [2, true]);
    const file = join(folder, 'file.torrent');
    writeFileSync(file, 'x');
    for (const path of [file, `${file}/`])
      assert.match(
        (await startCli(['watch', path]).ended).stderr,
        /it is not a folder; give the folder to watch/,
      );
  });
});
