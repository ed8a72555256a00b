/** Every exit status of the command line, produced one by one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { freePort } from '../support/processes.ts';
import { mixFile, withSwarm, writeTo } from '../support/swarm-fixture.ts';
import { str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const announcing = (name: string, url: string): string =>
  writeTo(folder, `${name}.torrent`, torrentOf({}, { announce: str(url) }));

test('exit status 2: wrong usage, named', async () => {
  const good = writeTo(folder, 'usage.torrent', torrentOf());
  for (const [args, message] of [
    [['get'], /get: <source> is missing; give a \.torrent file/],
    [['frobnicate'], /unknown command/],
    [
      ['share', 'magnet:?xt=urn:btih:00'],
      /share takes a path on this machine, no link or info hash; unchoke get --seed/,
    ],
    [['create', 'https://a.example/x'], /create takes a path on this machine, no link/],
    [['watch', 'magnet:?xt=urn:btih:00'], /watch takes a path .*; use unchoke get for one source/],
    [['get', good, '--shards', 'many'], /--shards many: not a whole number of 1 or more/],
    [['get', good, '--shards', '100000'], /--shards 100000: more than 256/],
    [['get', good, '--parallel', '100000'], /--parallel 100000: more than 64/],
    [['swarm', '--piece-length', '1'], /--piece-length 1: --payload 64M would have more than 2097152 pieces/],
    [['get', good, '--idle-timeout', 'abc'], /--idle-timeout abc: not a duration/],
    [
      ['get', good, '--memory', '1K'],
      /one piece of this torrent has 16.0 KiB, and --memory allows 1.0 KiB: give it more/,
    ],
    [
      ['get', `magnet:?xt=urn:btih:${'0'.repeat(40)}`, '--dht-bootstrap', 'bad'],
      /--dht-bootstrap "bad": not HOST:PORT/,
    ],
    [['race', good, '--blocklist', '/nonexistent'], /--blocklist \/nonexistent: there is no such file/],
    [['get', good, '--proxy', 'ftp://x'], /not socks5:\/\/HOST:PORT or http:\/\/HOST:PORT/],
    [['get', good, '--proxy', 'socks5://%zz@h:1'], /not socks5:\/\/HOST:PORT/],
    [['get', good, '--proxy', 'http://h:99999'], /not socks5:\/\/HOST:PORT/],
    [['get', good, '--interface', '203.0.113.7'], /203.0.113.7: not an address of this machine/],
    [['get', good, '--interface', 'eth0'], /--interface eth0: not an address of this machine/],
    [['get', good, '--port', '70000'], /--port 70000: no port is larger than 65535/],
    [['get', good, '--peer', 'nowhere'], /--peer "nowhere": not HOST:PORT/],
    [['get', good, '--peers-file', '/nonexistent'], /--peers-file \/nonexistent: there is no such file/],
    [
      ['get', good, '--strategy', 'luck'],
      /--strategy luck: not one of sequential, first-connect, first-unchoke/,
    ],
    [
      ['swarm', '--mix', 'nonsense'],
      /--mix nonsense: not one of wild, seeds, clients and not a readable JSON file/,
    ],
  ] as const) {
    const run = await runCli(...args);
    assert.equal(run.status, 2, args.join(' '));
    assert.match(run.stderr, message);
  }
});

test('with --json an error of the option parser is an event, too', async () => {
  for (const args of [
    ['get', '--json', '--nope'],
    ['get', '--json'],
    ['race', 'x', '--json', '--until', 'noon'],
    ['inspect', 'x', 'y', '--json'],
  ]) {
    const run = await runCli(...args);
    const [event, ...more] = run.events;
    assert.deepEqual([run.status, event?.['type'], event?.['code'], more], [2, 'error', 'usage', []]);
    assert.ok(run.stderr.startsWith(`unchoke: ${event?.['message']}\n`), run.stderr);
  }
});

test('exit status 3: not a torrent, with the reason and the byte', async () => {
  for (const [source, message] of [
    [
      writeTo(folder, 'html.torrent', Buffer.from('<html>')),
      /html.torrent: this is a web page, not a torrent/,
    ],
    ['/nonexistent.torrent', /\/nonexistent.torrent: there is no such file/],
    ['magnet:?xt=urn:btih:00', /not a usable magnet link: it has no "xt=urn:btih:"/],
    ['http://127.0.0.1:1/x.torrent', /http:\/\/127.0.0.1:1\/…: cannot be fetched: no program listens there/],
  ] as const) {
    const run = await runCli('get', source, '--json');
    assert.equal(run.status, 3);
    assert.match(run.stderr, message);
    assert.deepEqual([run.events[0]?.['type'], run.events[0]?.['code']], ['error', 'bad-torrent']);
  }
});

test('exit status 4: no peer to download from, or no peer unchokes us in time', async () => {
  const torrent = writeTo(folder, 'lonely.torrent', torrentOf());
  const lonely = await runCli('get', torrent, '-o', join(folder, 'lonely'));
  assert.deepEqual([lonely.status, /no peer to download from/.test(lonely.stderr)], [4, true]);
  const args = [torrent, '-o', join(folder, 'lonely'), '--first-unchoke-timeout', '1s'];
  const refused = await runCli('get', ...args, '--peer', '127.0.0.1:1');
  assert.equal(refused.status, 4);
  assert.match(refused.stderr, /the only peer is lost: it is dialled again, for up to 1 s from the start/);
  assert.match(refused.stderr, /no peer unchoked us within 1 s \(1 peer known\)/);
  await withSwarm(
    folder,
    { peers: 3, mix: mixFile(folder, 'mute.json', { 'never-unchokes': 1 }) },
    async (mute) => {
      const run = await runCli('get', mute, '-o', join(folder, 'mute'), '--first-unchoke-timeout', '1s');
      assert.deepEqual(
        [run.status, /no peer unchoked us within 1 s \(3 peers known\)/.test(run.stderr)],
        [4, true],
        run.stderr,
      );
    },
  );
});

test('a magnet link longer than a file name, with a bad value and near peers: exit status 4, and both are reported', async () => {
  const link = `magnet:?xt=urn:btih:${'0'.repeat(40)}&dn=${'x'.repeat(300)}&x.pe=127.0.0.1:1&x.pe=nobody`;
  const { status, stderr } = await runCli('get', link, '-o', join(folder, 'magnet'));
  assert.equal(status, 4, stderr);
  assert.match(stderr, /cannot be used and were skipped: x.pe=nobody/);
  assert.match(stderr, /1 of its peers do not have public addresses and were skipped; use --peer HOST:PORT/);
  assert.match(stderr, /no peer to download from/, 'it was not even dialled');
});

test('exit status 5: a folder where the file should be, a file where a folder should be', async () => {
  const torrent = writeTo(folder, 'disk.torrent', torrentOf());
  const taken = join(folder, 'taken');
  mkdirSync(join(taken, 'file.bin'), { recursive: true });
  const run = await runCli('get', torrent, '-o', taken);
  assert.equal(run.status, 5, run.stderr);
  assert.match(run.stderr, /taken\/file.bin: a folder is there/);
  const longer = join(folder, 'longer');
  mkdirSync(longer);
  writeFileSync(join(longer, 'file.bin'), Buffer.alloc(200, 7));
  const kept = await runCli('get', torrent, '-o', longer);
  assert.deepEqual(
    [kept.status, /it has 200 bytes, and the torrent's file has 100/.test(kept.stderr)],
    [5, true],
    kept.stderr,
  );
  assert.equal(statSync(join(longer, 'file.bin')).size, 200, 'a file that is not ours stays whole');
  const file = writeTo(folder, 'plain', Buffer.from('x'));
  const inFile = await runCli('get', torrent, '-o', join(file, 'deeper'));
  assert.deepEqual(
    [inFile.status, /--output .*deeper: .*plain is a file, not a folder/.test(inFile.stderr)],
    [5, true],
    inFile.stderr,
  );
});

test('a tracker that is down is named, with the reason and the next try, and the run waits as long as the user says', async () => {
  const torrent = announcing('down', 'http://127.0.0.1:1/announce');
  const run = await runCli('get', torrent, '-o', join(folder, 'down'), '--first-unchoke-timeout', '1s');
  assert.equal(run.status, 4);
  assert.match(
    run.stderr,
    /http:\/\/127.0.0.1:1\/announce failed: no program listens there; next try in 15 s/,
  );
  assert.match(run.stderr, /no peer unchoked us within 1 s/);
  assert.equal(statSync(join(folder, 'down', 'file.bin')).size, 100);
});

test('if every tracker has a lasting failure, the run ends at once, unless it waits for incoming peers', async () => {
  const gone = await httpServer(() => ({ status: 404, body: Buffer.from('gone') }));
  const torrent = announcing('gone', gone.announce);
  try {
    const run = await runCli('get', torrent, '-o', join(folder, 'gone'));
    assert.deepEqual([run.status, /failed: HTTP status 404\n/.test(run.stderr)], [4, true], run.stderr);
    assert.match(run.stderr, /no peer to download from/);
    const port = String(await freePort());
    const args = ['-o', join(folder, 'port'), '--port', port, '--first-unchoke-timeout', '1s'];
    const waited = await runCli('get', torrent, ...args);
    assert.match(waited.stderr, /no peer unchoked us within 1 s/);
  } finally {
    await gone.close();
  }
});

test('all options are checked before anything is fetched or written', async () => {
  const server = await httpServer(() => ({ body: torrentOf() }));
  const nowhere = join(folder, 'not there', 'x');
  const cases: [string[], number, RegExp][] = [
    [['--report', nowhere], 5, /--report .*: the folder .*not there does not exist; create it/],
    [['--save-torrent', nowhere], 5, /--save-torrent .*: the folder .*not there does not exist; create it/],
    [['--metrics', nowhere], 5, /--metrics .*: the folder .*not there does not exist; create it/],
    [['--log', nowhere], 5, /--log .*: the folder .*not there does not exist; create it/],
    [['--journal-key', nowhere], 5, /--journal-key .*: the folder .*not there does not exist; create it/],
    [['--on-complete', nowhere], 2, /--on-complete .*: there is no such file/],
    [
      ['--on-complete', 'no-such-program'],
      2,
      /--on-complete no-such-program: there is no such program in PATH/,
    ],
    [['--idle-timeout', 'soon'], 2, /--idle-timeout soon: not a duration/],
  ];
  try {
    for (const [args, status, message] of cases) {
      const run = await runCli('get', server.announce, '-o', join(folder, 'unmade'), ...args);
      assert.equal(run.status, status, run.stderr);
      assert.match(run.stderr, message);
    }
    assert.deepEqual(server.urls, [], 'nothing was fetched');
    assert.ok(!existsSync(join(folder, 'unmade')));
    for (const args of [
      ['race', server.announce, '--report', nowhere],
      ['demo', '--report', nowhere],
      ['swarm', '--output', nowhere],
      ['create', folder, '--output', nowhere],
    ]) {
      const run = await runCli(...args);
      assert.deepEqual(
        [run.status, /the folder .*not there does not exist/.test(run.stderr)],
        [5, true],
        run.stderr,
      );
    }
  } finally {
    await server.close();
  }
});

test('create -o with a folder writes NAME.torrent into it', async () => {
  const shared = join(folder, 'shared');
  const into = join(folder, 'into');
  for (const path of [shared, into]) mkdirSync(path);
  writeFileSync(join(shared, 'a'), 'a');
  const run = await runCli('create', shared, '-o', into);
  assert.deepEqual([run.status, existsSync(join(into, 'shared.torrent'))], [0, true], run.stderr);
});

test('a deleted working folder and a missing folder for temporary files are not bugs', () => {
  const gone = join(folder, 'deleted');
  const started = (command: string, cwd: string) =>
    spawnSync('/bin/sh', ['-c', `${command}; exec "$0" "$@"`, process.execPath, CLI, 'get', 'x.torrent'], {
      cwd,
      encoding: 'utf8',
    });
  mkdirSync(gone);
  const lost = started(`rmdir '${gone}'`, gone);
  assert.equal(lost.status, 5, lost.stderr);
  assert.match(lost.stderr, /^unchoke: the folder in which you are was deleted; go to another one/);
  const env = { ...process.env, TMPDIR: join(folder, 'not there') };
  const demo = spawnSync(process.execPath, [CLI, 'demo'], { env, encoding: 'utf8' });
  assert.equal(demo.status, 5, demo.stderr);
  assert.match(demo.stderr, /^unchoke: .*not there: no folder can be created there: .*TMPDIR/);
});
