/** The built command line against the loopback swarm: what it prints, what it leaves, how it ends. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { assertPayload, mixFile, withSwarm } from '../support/swarm-fixture.ts';
import { portOf, wirePeer } from '../support/wire-peer.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;

test('get: a verified file, the events of a run, exit status 0', () =>
  withSwarm(folder, { peers: 20, mix: 'clients' }, async (torrent) => {
    const output = join(folder, 'get');
    const run = await runCli(
      'get',
      torrent,
      '-o',
      output,
      '--json',
      '--shards',
      '2',
      '--hashers',
      '2',
      '--dial-rate',
      '0',
    );
    assert.equal(run.status, 0, run.stderr);
    assertPayload(torrent, join(output, 'swarm-1.bin'));
    const types = run.events.map(({ type }) => type);
    assert.equal(types[0], 'metadata');
    assert.equal(types.at(-1), 'summary');
    assert.ok(types.indexOf('first-unchoke') < types.indexOf('complete'));
    for (const event of run.events) assert.equal(event['v'], 1);
    const complete = run.events.find(({ type }) => type === 'complete');
    assert.deepEqual([complete?.['bytes'], complete?.['files']], [8 * MIB, 1]);
    const summary = run.events.at(-1) as {
      funnel: Record<string, number>;
      ttfuMs: number;
      downloaded: number;
    };
    assert.equal(summary.funnel['addresses'], 20);
    assert.equal(summary.downloaded, 8 * MIB);
    assert.ok(summary.ttfuMs > 0 && summary.ttfuMs < 10_000);
  }));

test('get for people: one line on stdout, nothing when quiet, and the report when verbose or after a failure', () =>
  withSwarm(folder, { peers: 5, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
    const output = join(folder, 'people');
    const run = await runCli('get', torrent, '-o', output);
    assert.equal(run.status, 0, run.stderr);
    const path = join(output, 'swarm-1.bin');
    assert.match(
      run.stdout,
      new RegExp(`^complete: ${path}, 1.0 MiB in \\d+(?:\\.\\d)? s, [\\d.]+ .iB/s\\n$`),
    );
    const again = await runCli(torrent, '-d', output);
    assert.equal(again.stdout, `complete: ${path}, 1.0 MiB were there already\n`);
    const log = join(folder, 'log');
    const quiet = await runCli('get', torrent, '-o', join(folder, 'quiet'), '-q', '--log', log);
    assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [0, '', '']);
    const logged = readFileSync(log, 'utf8').trimEnd().split('\n');
    for (const line of logged) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z /);
    assert.match(logged.at(-1) ?? '', / complete: .*swarm-1\.bin, 1\.0 MiB in /);
    assert.ok(
      logged.some((line) => /addresses +5 /.test(line)),
      'the report as well',
    );
    const verbose = await runCli('get', torrent, '-o', join(folder, 'verbose'), '--verbose');
    assert.match(verbose.stderr, /Time to first unchoke {2}\d/);
    assert.match(verbose.stderr, /addresses +5 /);
    assert.doesNotMatch(verbose.stderr, / unchoked us$/m);
    const peers = await runCli('get', torrent, '-o', join(folder, 'peers'), '-vv');
    assert.equal(new Set(peers.stderr.match(/^127\.\S+ unchoked us$/gm)).size, 5);
    assert.match(peers.stderr, /^127\.\S+ .*lost .*: the run ended first; it gave [\d.]+ .iB$/m);
    const failing = [
      '--no-trackers',
      '--no-dht',
      '--no-lsd',
      '--peer',
      '127.0.0.1:9',
      '--first-unchoke-timeout',
      '1s',
    ];
    const failed = await runCli('get', torrent, '-o', join(folder, 'failed'), '--log', log, ...failing);
    const silent = await runCli('get', torrent, '-o', join(folder, 'failed'), '-q', ...failing);
    assert.deepEqual([silent.status, silent.stdout], [4, '']);
    assert.match(
      silent.stderr,
      /^why: the only peer refuses .*\n {5}\S.*\nunchoke: no peer unchoked us within/,
    );
    assert.equal(failed.status, 4);
    assert.match(failed.stdout, /No peer unchoked us/);
    assert.match(
      readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '',
      /Z no peer unchoked us within/,
    );
  }));

test('a dry run shows the plan, and writes and dials nothing', () =>
  withSwarm(folder, { peers: 5, mix: 'seeds', payloadBytes: 4 * MIB }, async (torrent) => {
    const output = join(folder, 'dry');
    const run = await runCli('get', torrent, '-o', output, '--dry-run', '--no-lsd', '--port', '6881');
    assert.equal(run.status, 0, run.stderr);
    const path = join(output, 'swarm-1.bin');
    assert.match(run.stdout, /^name {4}swarm-1\.bin\nfiles {3}1 file, 4\.0 MiB\n/);
    assert.match(run.stdout, new RegExp(`^into {4}${path} \\(the folder will be made\\)$`, 'm'));
    assert.match(run.stdout, /^space {3}4\.0 MiB needed, [\d.]+ .iB are free$/m);
    assert.match(run.stdout, /^from {4}1 tracker, other peers$/m);
    assert.match(run.stdout, /^port {4}6881, for TCP and UDP$/m);
    assert.equal(existsSync(output), false);
    const json = await runCli('get', torrent, '-o', output, '--dry-run', '--json', '--no-listen');
    const [plan] = json.events as unknown as {
      type: string;
      bytes: number;
      taken: number;
      port: number | null;
    }[];
    assert.deepEqual(
      [json.events.length, plan?.type, plan?.bytes, plan?.taken, plan?.port],
      [1, 'plan', 4 * MIB, 0, null],
    );
    await runCli('get', torrent, '-o', output);
    const again = await runCli('get', torrent, '-o', output, '--dry-run');
    assert.match(
      again.stdout,
      /^space {3}0 B needed; 4\.0 MiB on disk are not checked yet: get stops if they are not of this torrent, /m,
    );
    const other = createServer();
    const port = await portOf(other);
    const taken = await runCli('get', torrent, '-o', output, '--dry-run', '--port', String(port));
    other.close();
    assert.match(
      taken.stdout,
      /^port {4}\d+: another program uses it \(EADDRINUSE\), so get would not start$/m,
    );
    const proxy = ['--proxy', 'socks5://127.0.0.1:9'];
    const behind = await runCli('get', torrent, '-o', output, '--dry-run', ...proxy, '--port', '6881');
    assert.match(behind.stdout, /^port {4}none: no peer can connect to us$/m);
    const two = await runCli('get', torrent, 'none.torrent', '-o', join(folder, 'new'), '--dry-run');
    assert.match(two.stdout, /^1 of 2 can be downloaded\nnot usable: none\.torrent$/m);
  }));

test('inspect of a magnet link says at once that nobody can be asked, and while it looks how far it is', async () => {
  const hash = 'ab'.repeat(20);
  const alone = await runCli('inspect', hash);
  assert.equal(alone.status, 4);
  assert.match(alone.stderr, /^why: there is no source of peers: .*\n.*\nunchoke: no peer to download from/);
  const mute = await wirePeer({ greets: 'says nothing' }, '127.0.0.9');
  const looks = await runCli('inspect', hash, '--peer', mute.address, '--timeout', '7s');
  await mute.close();
  assert.equal(looks.status, 4);
  assert.match(looks.stderr, /^searching for metadata; 0 peers have it {2}no peer sends yet.* \(1 known\)/m);
  assert.match(looks.stderr, /^why: the only peer connected, but sends no handshake$/m);
  assert.match(looks.stderr, /no metadata within 7 s \(1 peer known, 0 have it\)\n$/);
});

test('get resumes and downloads only the rest', () =>
  withSwarm(folder, { peers: 5, mix: 'seeds', payloadBytes: 4 * MIB }, async (torrent) => {
    const output = join(folder, 'resume');
    await runCli('get', torrent, '-o', output, '--quiet');
    const path = join(output, 'swarm-1.bin');
    const bytes = readFileSync(path);
    bytes.fill(0, 5 * 131_072, 7 * 131_072);
    writeFileSync(path, bytes.subarray(0, 30 * 131_072));
    const run = await runCli('get', torrent, '-o', output, '--json');
    assert.equal(run.status, 0, run.stderr);
    assertPayload(torrent, path);
    const summary = run.events.at(-1);
    assert.deepEqual([summary?.['downloaded'], summary?.['found']], [4 * 131_072, 28 * 131_072]);
    const again = await runCli('get', torrent, '-o', output, '--json');
    assert.deepEqual([again.status, again.events.at(-1)?.['downloaded']], [0, 0]);
  }));

/** Kernel, shell and session all send signals when a terminal closes: none of them hurries the end. */
const ENDINGS = { SIGINT: ['SIGINT'], SIGHUP: ['SIGHUP', 'SIGHUP', 'SIGTERM'] } as const;
for (const [name, signals] of Object.entries(ENDINGS)) {
  test(`${name} ends in order with 130, and the next run resumes`, () =>
    withSwarm(folder, { peers: 4, mix: 'seeds', rate: MIB }, async (torrent) => {
      const output = join(folder, name);
      const running = startCli(['get', torrent, '-o', output, '--json']);
      await running.line(
        (line) => line.includes('"progress"') && (JSON.parse(line) as { pieces: number }).pieces > 4,
      );
      for (const signal of signals) running.child.kill(signal);
      const run = await running.ended;
      assert.equal(run.status, 130, run.stderr);
      assert.match(run.stderr, /interrupted at .* verified; the same command resumes/);
      const next = await runCli('get', torrent, '-o', output, '--json');
      assert.equal(next.status, 0);
      assertPayload(torrent, join(output, 'swarm-1.bin'));
      assert.ok(
        (next.events.at(-1)?.['found'] as number) >= 4 * 131_072,
        'what was verified is not downloaded again',
      );
    }));
}

for (const [strategy, more] of [
  ['sequential', []],
  ['first-connect', []],
  ['first-unchoke', ['--keep', '1']],
] as const) {
  test(`get --strategy ${strategy} ${more.join(' ')}: downloads from only one peer`, () =>
    withSwarm(
      folder,
      { peers: 8, mix: mixFile(folder, `${strategy}.json`, { instant: 3, 'hang-up': 1, refuser: 1 }) },
      async (torrent) => {
        const output = join(folder, `keep-${strategy}`);
        const run = await runCli('get', torrent, '-o', output, '--json', '--strategy', strategy, ...more);
        assert.equal(run.status, 0, run.stderr);
        assertPayload(torrent, join(output, 'swarm-1.bin'));
        const { peers } = run.events.at(-1) as unknown as { peers: { bytes: number }[] };
        const bytes = peers.map((peer) => peer.bytes).sort((a, b) => b - a);
        assert.ok((bytes[0] ?? 0) > 0.7 * 8 * MIB, `one peer gave nearly all: ${bytes.join(' ')}`);
      },
    ));
}

test('race: every address accounted for, with its reason', () => {
  const mix = mixFile(folder, 'race.json', { 'black-hole': 3, refuser: 2, 'hang-up': 2, instant: 3 });
  return withSwarm(folder, { peers: 20, mix }, async (torrent) => {
    const run = await runCli('race', torrent, '--json', '--half-open', '3', '--dial-rate', '0');
    assert.equal(run.status, 0, run.stderr);
    const summary = run.events.at(-1) as {
      funnel: unknown;
      lost: { stage: string; code: string; count: number }[];
    };
    assert.deepEqual(summary.funnel, {
      addresses: 20,
      dialled: 20,
      connected: 10,
      handshaken: 10,
      unchoked: 6,
      gaveData: 6,
    });
    assert.deepEqual(summary.lost.map(({ stage, code, count }) => `${stage} ${code} ${count}`).sort(), [
      'choked closed-by-peer 4',
      'dialing connect-timeout 6',
      'dialing refused 4',
      'unchoked done 6',
    ]);
  });
});

test('race --until first-unchoke stops there; a swarm without seeds ends with 4', async () => {
  await withSwarm(folder, { peers: 10, mix: 'seeds' }, async (torrent) => {
    const run = await runCli('race', torrent, '--until', 'first-unchoke');
    assert.equal(run.status, 0);
    assert.match(run.stdout, /strategy first-unchoke/);
  });
  const mix = mixFile(folder, 'dead.json', { refuser: 1 });
  await withSwarm(folder, { peers: 5, mix }, async (torrent) => {
    const run = await runCli('race', torrent, '--json');
    assert.deepEqual([run.status, run.events.at(-1)?.['ttfuMs']], [4, null]);
  });
});

test('--peer and --peers-file without any tracker', () =>
  withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent, swarm) => {
    const file = join(folder, 'peers.txt');
    const oracle = swarm.info.oracle?.peer ?? '';
    writeFileSync(file, `# the best one\n${oracle}\n\n127.0.0.1:1\n`);
    const run = await runCli(
      'get',
      torrent,
      '-o',
      join(folder, 'named'),
      '--no-trackers',
      '--peers-file',
      file,
      '--peer',
      'localhost:1',
      '--json',
    );
    assert.equal(run.status, 0, run.stderr);
    assert.ok((run.events.at(-1) as unknown as { funnel: { addresses: number } }).funnel.addresses >= 2);
  }));

test('demo: a swarm, a race, a verified download', async () => {
  const run = await runCli('demo', '--peers', '60', '--payload', '4M');
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /the oracle needed/);
  assert.match(run.stdout, /^complete: .*, 4\.0 MiB in /m);
});
