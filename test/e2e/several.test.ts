/** `get` with several sources, and the program that runs when one is complete. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, type SeedHabits, torrentSeed } from '../support/torrent-seed.ts';
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
        .map(({ type, number, code }) => `${number} ${code ?? type}`)
        .sort(),
      ['1 bad-torrent', '1 source', '2 complete', '2 source'],
    );
  }));

/** Several seeds of one kind, each with its own torrent. */
async function withSeeds(
  count: number,
  kind: SeedHabits,
  work: (torrents: string[], peers: string[]) => Promise<void>,
) {
  const seeds = [];
  const torrents: string[] = [];
  for (let i = 0; i < count; i++) {
    const own = madeTorrent([{ path: 'a.bin', bytes: Buffer.alloc(50_000, i) }], 16_384, `set ${i}`);
    seeds.push(await torrentSeed(own, `127.0.1.${i + 1}`, kind));
    torrents.push(writeTo(folder, `own-${i}.torrent`, own.torrent));
  }
  const peers = seeds.flatMap(({ address }) => ['--peer', address]);
  try {
    await work(torrents, peers);
  } finally {
    await Promise.all(seeds.map((seed) => seed.close()));
  }
}

for (const [parallel, most] of [
  ['1', 1],
  ['3', 3],
] as const) {
  test(`--parallel ${parallel}: this many at one time, each with its own files, and all complete`, () =>
    withSeeds(5, {}, async (torrents, peers) => {
      const output = join(folder, `parallel-${parallel}`);
      const run = await runCli('get', ...torrents, '-o', output, ...peers, '--parallel', parallel, '--json');
      assert.equal(run.status, 0, run.stderr);
      for (let i = 0; i < 5; i++)
        assert.deepEqual(readFileSync(join(output, `set ${i}`, 'a.bin')), Buffer.alloc(50_000, i));
      let open = 0;
      let seen = 0;
      for (const { type } of run.events) {
        if (type === 'source') open += 1;
        if (type === 'summary') open -= 1;
        seen = Math.max(seen, open);
      }
      assert.equal(seen, most);
      const numbers = run.events.filter(({ type }) => type === 'complete').map(({ number }) => number);
      assert.deepEqual(numbers.sort(), [1, 2, 3, 4, 5]);
    }));
}

test('the same torrent twice is downloaded once, for both sources', () =>
  withSeed(async (good, peer) => {
    const hash = made.infoHash.toString('hex');
    for (const second of [good, hash]) {
      const output = join(folder, `once ${second === good}`);
      const run = await runCli('get', good, second, '-o', output, '--peer', peer, '--json');
      assert.equal(run.status, 0, run.stderr);
      assert.ok(run.stderr.includes(`it is downloaded once: the same torrent as ${good}`), run.stderr);
      assert.equal(run.events.filter(({ type }) => type === 'complete').length, 1);
      assert.deepEqual(readFileSync(join(output, 'set', 'a.bin')), made.data);
    }
    const nobody = ['--peer', '127.0.0.1:9', '--first-unchoke-timeout', '1s'];
    const run = await runCli('get', good, good, '-o', join(folder, 'nobody'), ...nobody);
    assert.equal(run.status, 4, run.stderr);
    assert.match(run.stdout, /0 of 2 complete/);
  }));

test('two torrents with the same place: the second is refused', () =>
  withSeed(async (good, peer) => {
    const other = madeTorrent([{ path: 'b.bin', bytes: Buffer.alloc(10_000, 9) }], 16_384);
    const same = writeTo(folder, 'same-name.torrent', other.torrent);
    const output = join(folder, 'twice');
    const run = await runCli('get', good, same, '-o', output, '--peer', peer);
    assert.equal(run.status, 2, run.stderr);
    assert.match(run.stderr, /twice\/set: already used by another source \(set\)/);
    assert.match(run.stdout, /1 of 2 complete/);
    assert.deepEqual(readFileSync(join(output, 'set', 'a.bin')), made.data);
  }));

test('Ctrl-C ends all running downloads and begins no other', () =>
  withSeeds(4, { muteAfter: 0 }, async (torrents, peers) => {
    const args = ['-o', join(folder, 'mute'), ...peers, '--json', '--parallel', '2'];
    const running = startCli(['get', ...torrents, ...args]);
    await running.line((line) => line.includes('"progress"') && line.includes('"number":2'));
    running.child.kill('SIGINT');
    const run = await running.ended;
    assert.equal(run.status, 130, run.stderr);
    const began = run.events.filter(({ type }) => type === 'source').map(({ number }) => number);
    assert.deepEqual(began, [1, 2]);
  }));

test('a folder of torrents, and the result of each', () =>
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

test('empty folders and lists, and options for one source, are wrong usage', async () => {
  mkdirSync(join(folder, 'empty'));
  for (const [sources, words] of [
    [[join(folder, 'empty')], /no .torrent or .magnet file in this folder/],
    [[`@${writeTo(folder, 'none.txt', Buffer.from('# nothing\n'))}`], /no source in this list/],
    [['@/nonexistent'], /\/nonexistent: there is no such file/],
    [['a', 'b', '--report', 'x.html'], /with one source only/],
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
    const broken = writeTo(folder, 'broken', Buffer.from('#!/nonexistent/sh\n'));
    chmodSync(broken, 0o755);
    const failed = await runCli('get', good, '-o', output, '--peer', peer, '--on-complete', broken);
    assert.match(
      failed.stderr,
      /--on-complete .*broken: it cannot be started: it or the interpreter in its first line does not exist/,
    );
    assert.equal(failed.status, 0);
  }));

test('two dozen sources leave no listeners behind', async () => {
  const bad = writeTo(folder, 'html.torrent', torrentOf({ pieces: str('short') }));
  const peer = ['--no-trackers', '--peer', '127.0.0.1:1', '--first-unchoke-timeout', '1s'];
  const poor = Array.from({ length: 12 }, (_, i) =>
    writeTo(folder, `poor-${i}.torrent`, torrentOf({ name: str(`poor ${i}`) })),
  );
  const run = await runCli(
    'get',
    ...new Array(12).fill(bad),
    ...poor,
    '-o',
    join(folder, 'two'),
    '--parallel',
    '12',
    ...peer,
  );
  assert.equal(run.status, 3, run.stderr);
  assert.ok(!/Warning/.test(run.stderr), run.stderr);
});
