/** `get` with several sources, and the program that is told when one is complete. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const made = madeTorrent([{ path: 'a.bin', bytes: Buffer.alloc(50_000, 3) }], 16_384);

async function withSeed(work: (torrent: string, peer: string) => Promise<void>): Promise<void> {
  const seed = await torrentSeed(made, '127.0.0.7');
  try {
    await work(writeTo(folder, 'good.torrent', made.torrent), seed.address);
  } finally {
    await seed.close();
  }
}

test('one that fails does not stop the others, and the exit status is its own', () =>
  withSeed(async (good, peer) => {
    const bad = writeTo(folder, 'bad.torrent', Buffer.from('<html>'));
    const list = writeTo(folder, 'list.txt', Buffer.from(`# a list\n\n${bad}\n${good}\n`));
    const run = await runCli('get', `@${list}`, '-o', join(folder, 'list'), '--peer', peer, '--json');
    assert.equal(run.status, 3, run.stderr);
    assert.deepEqual(readFileSync(join(folder, 'list', 'set', 'a.bin')), made.data);
    assert.deepEqual(
      run.events
        .filter(({ type }) => ['source', 'error', 'complete'].includes(type as string))
        .map(({ type, number, code }) => number ?? code ?? type),
      [1, 'bad-torrent', 2, 'complete'],
    );
  }));

test('a folder of torrents, and what became of each', () =>
  withSeed(async (_, peer) => {
    const torrents = join(folder, 'torrents');
    mkdirSync(torrents);
    writeFileSync(join(torrents, 'b.torrent'), made.torrent);
    writeFileSync(join(torrents, 'a.torrent'), torrentOf());
    writeFileSync(join(torrents, 'notes.txt'), 'no torrent');
    const run = await runCli('get', torrents, '-o', join(folder, 'many'), '--peer', peer);
    assert.equal(run.status, 4, run.stderr);
    assert.match(run.stdout, /1 of 2 complete\nnot complete: .*a\.torrent/);
  }));

test('folders and lists that hold nothing, and options for one alone, are wrong usage', async () => {
  mkdirSync(join(folder, 'empty'));
  for (const [sources, words] of [
    [[join(folder, 'empty')], /a folder without a .torrent file/],
    [[`@${writeTo(folder, 'none.txt', Buffer.from('# nothing\n'))}`], /a list without a source/],
    [['@/nonexistent'], /\/nonexistent: cannot be read \(ENOENT\)/],
    [['a', 'b', '--report', 'x.html'], /for one source at a time/],
  ] as const) {
    const run = await runCli('get', ...sources);
    assert.equal(run.status, 2, run.stderr);
    assert.match(run.stderr, words);
  }
});

test('a program is run without a shell when a download is complete, and its failure is not ours', () =>
  withSeed(async (good, peer) => {
    const told = join(folder, 'told');
    const program = writeTo(
      folder,
      'tell me.sh',
      Buffer.from(
        `#!/bin/sh\necho "$#|$UNCHOKE_DONE_NAME|$UNCHOKE_DONE_BYTES|$UNCHOKE_DONE_PATH" > '${told}'\nexit 3\n`,
      ),
    );
    chmodSync(program, 0o755);
    const output = join(folder, '$(touch hacked)');
    const run = await runCli('get', good, '-o', output, '--peer', peer, '--on-complete', program);
    assert.equal(run.status, 0, run.stderr);
    assert.equal(readFileSync(told, 'utf8'), `0|set|50000|${join(output, 'set')}\n`);
    assert.match(run.stderr, /--on-complete .*: it ended with 3/);
    const missing = await runCli('get', good, '-o', output, '--peer', peer, '--on-complete', '/nonexistent');
    assert.match(missing.stderr, /--on-complete \/nonexistent: .*ENOENT/);
    assert.equal(missing.status, 0);
  }));

test('two dozen sources leave no listeners behind', async () => {
  const bad = writeTo(folder, 'html.torrent', torrentOf({ pieces: str('short') }));
  const peer = ['--no-trackers', '--peer', '127.0.0.1:1'];
  const poor = writeTo(folder, 'poor.torrent', torrentOf());
  const run = await runCli(
    'get',
    ...new Array(12).fill(bad),
    ...new Array(12).fill(poor),
    '-o',
    join(folder, 'two'),
    ...peer,
  );
  assert.equal(run.status, 3, run.stderr);
  assert.ok(!/Warning/.test(run.stderr), run.stderr);
});
