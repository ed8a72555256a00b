/** The built command line against the loopback swarm: what it prints, what it leaves, how it ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type SwarmChild, startSwarm } from '../../src/main/swarm-child.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;

async function withSwarm<Result>(
  options: { peers: number; mix: string; payloadBytes?: number; rate?: number; seed?: number },
  work: (torrent: string, swarm: SwarmChild) => Promise<Result>,
): Promise<Result> {
  const torrent = join(folder, `s${Math.round(performance.now() * 1_000)}.torrent`);
  const swarm = await startSwarm({
    seed: 1,
    payloadBytes: 8 * MIB,
    pieceBytes: 131_072,
    rate: 0,
    torrent,
    lifetimeMs: 100_000,
    ...options,
  });
  try {
    return await work(torrent, swarm);
  } finally {
    await swarm.stop();
  }
}

function assertPayload(torrent: string, path: string): void {
  const { pieceHashes, geometry } = loadTorrent(torrent);
  const bytes = readFileSync(path);
  assert.equal(bytes.length, geometry.totalLength);
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    const hash = createHash('sha1')
      .update(bytes.subarray(piece * geometry.pieceLength, (piece + 1) * geometry.pieceLength))
      .digest();
    assert.equal(hash.compare(pieceHashes, piece * 20, piece * 20 + 20), 0, `piece ${piece}`);
  }
}

function mixFile(name: string, mix: Record<string, number>): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(mix));
  return path;
}

test('get: a verified file, the events of a run, exit status 0', () =>
  withSwarm({ peers: 20, mix: 'clients' }, async (torrent) => {
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

test('get for people: the funnel, the first unchoke and the path on stdout, nothing else', () =>
  withSwarm({ peers: 5, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
    const output = join(folder, 'people');
    const run = await runCli('get', torrent, '-o', output);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /Time to first unchoke {2}\d+ ms|Time to first unchoke {2}\d/);
    assert.match(run.stdout, /addresses +5 /);
    assert.match(run.stdout, new RegExp(`complete and verified: ${output}/swarm-1.bin\\n1.0 MiB downloaded`));
    const quiet = await runCli('get', torrent, '-o', join(folder, 'quiet'), '--quiet');
    assert.equal(quiet.stderr, '');
  }));

test('get goes on with what is there, and downloads only the rest', () =>
  withSwarm({ peers: 5, mix: 'seeds', payloadBytes: 4 * MIB }, async (torrent) => {
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

test('Ctrl-C ends in order with 130, and the next run goes on', () =>
  withSwarm({ peers: 4, mix: 'seeds', rate: MIB }, async (torrent) => {
    const output = join(folder, 'interrupted');
    const running = startCli(['get', torrent, '-o', output, '--json']);
    await running.line(
      (line) => line.includes('"progress"') && (JSON.parse(line) as { pieces: number }).pieces > 4,
    );
    running.child.kill('SIGINT');
    const run = await running.ended;
    assert.equal(run.status, 130, run.stderr);
    assert.match(run.stderr, /interrupted at .* verified; the same command goes on from there/);
    const next = await runCli('get', torrent, '-o', output, '--json');
    assert.equal(next.status, 0);
    assertPayload(torrent, join(output, 'swarm-1.bin'));
    assert.ok(
      (next.events.at(-1)?.['found'] as number) >= 4 * 131_072,
      'what was verified is not downloaded again',
    );
  }));

for (const [strategy, more] of [
  ['sequential', []],
  ['first-connect', []],
  ['first-unchoke', ['--keep', '1']],
] as const) {
  test(`get --strategy ${strategy} ${more.join(' ')}: downloads from one peer alone`, () =>
    withSwarm(
      { peers: 8, mix: mixFile(`${strategy}.json`, { instant: 3, 'hang-up': 1, refuser: 1 }) },
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
  const mix = mixFile('race.json', { 'black-hole': 3, refuser: 2, 'hang-up': 2, instant: 3 });
  return withSwarm({ peers: 20, mix }, async (torrent) => {
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
  await withSwarm({ peers: 10, mix: 'seeds' }, async (torrent) => {
    const run = await runCli('race', torrent, '--until', 'first-unchoke');
    assert.equal(run.status, 0);
    assert.match(run.stdout, /strategy first-unchoke/);
  });
  const mix = mixFile('dead.json', { refuser: 1 });
  await withSwarm({ peers: 5, mix }, async (torrent) => {
    const run = await runCli('race', torrent, '--json');
    assert.deepEqual([run.status, run.events.at(-1)?.['ttfuMs']], [4, null]);
  });
});

test('--peer and --peers-file without any tracker', () =>
  withSwarm({ peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent, swarm) => {
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
  assert.match(run.stdout, /complete and verified/);
});

const torrentFile = (name: string, bytes: Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

test('exit status 2: wrong usage, named', async () => {
  const good = torrentFile('usage.torrent', torrentOf());
  for (const [args, message] of [
    [['get'], /missing required argument 'source'/],
    [['frobnicate'], /unknown command/],
    [['get', good, '--shards', 'many'], /--shards many: not a whole number of 1 or more/],
    [['get', good, '--memory', '1K'], /one piece of this torrent takes 16384 bytes: more than --memory 1024/],
    [['get', good, '--peer', 'nowhere'], /--peer "nowhere": not HOST:PORT/],
    [['get', good, '--peers-file', '/nonexistent'], /--peers-file \/nonexistent: cannot be read \(ENOENT\)/],
    [['get', good, '--strategy', 'luck'], /Allowed choices are sequential, first-connect, first-unchoke/],
    [
      ['swarm', '--mix', 'nonsense'],
      /--mix nonsense: neither one of wild, seeds, clients nor a readable JSON file/,
    ],
  ] as const) {
    const run = await runCli(...args);
    assert.equal(run.status, 2, args.join(' '));
    assert.match(run.stderr, message);
  }
});

test('exit status 3: not a torrent, with the reason and the byte', async () => {
  for (const [source, message] of [
    [
      torrentFile('html.torrent', Buffer.from('<html>')),
      /html.torrent: not a usable torrent: not a bencoded value at byte 0/,
    ],
    ['/nonexistent.torrent', /\/nonexistent.torrent: cannot be read \(ENOENT\)/],
    ['magnet:?xt=urn:btih:00', /magnet links are not supported yet/],
  ] as const) {
    const run = await runCli('get', source, '--json');
    assert.equal(run.status, 3);
    assert.match(run.stderr, message);
    assert.deepEqual([run.events[0]?.['type'], run.events[0]?.['code']], ['error', 'bad-torrent']);
  }
});

test('exit status 4: nobody to download from, or nobody unchokes in time', async () => {
  const torrent = torrentFile('lonely.torrent', torrentOf());
  const lonely = await runCli('get', torrent, '-o', join(folder, 'lonely'));
  assert.deepEqual([lonely.status, /no peer to download from/.test(lonely.stderr)], [4, true]);
  const refused = await runCli('get', torrent, '-o', join(folder, 'lonely'), '--peer', '127.0.0.1:1');
  assert.deepEqual([refused.status, /all 1 peers are gone/.test(refused.stderr)], [4, true]);
  await withSwarm({ peers: 3, mix: mixFile('mute.json', { 'never-unchokes': 1 }) }, async (mute) => {
    const run = await runCli('get', mute, '-o', join(folder, 'mute'), '--first-unchoke-timeout', '1s');
    assert.deepEqual(
      [run.status, /nobody unchoked us within 1.00 s \(3 peers known\)/.test(run.stderr)],
      [4, true],
      run.stderr,
    );
  });
});

test('exit status 5: a folder where the file should be, a file where a folder should be', async () => {
  const torrent = torrentFile('disk.torrent', torrentOf());
  const taken = join(folder, 'taken');
  mkdirSync(join(taken, 'file.bin'), { recursive: true });
  const run = await runCli('get', torrent, '-o', taken);
  assert.equal(run.status, 5, run.stderr);
  assert.match(run.stderr, /taken\/file.bin: in the way of a file of the download/);
  const longer = join(folder, 'longer');
  mkdirSync(longer);
  writeFileSync(join(longer, 'file.bin'), Buffer.alloc(200, 7));
  const kept = await runCli('get', torrent, '-o', longer);
  assert.deepEqual(
    [kept.status, /200 bytes are there, and the torrent's file has 100/.test(kept.stderr)],
    [5, true],
    kept.stderr,
  );
  assert.equal(statSync(join(longer, 'file.bin')).size, 200, 'a file that is not ours stays whole');
  const file = torrentFile('plain', Buffer.from('x'));
  const inFile = await runCli('get', torrent, '-o', join(file, 'deeper'));
  assert.deepEqual(
    [inFile.status, /a part of the path is not a folder \(ENOTDIR\)/.test(inFile.stderr)],
    [5, true],
    inFile.stderr,
  );
});

test('a tracker that is down is named, with the reason', async () => {
  const torrent = torrentFile(
    'down.torrent',
    torrentOf({}, { announce: str('http://127.0.0.1:1/announce') }),
  );
  const run = await runCli('get', torrent, '-o', join(folder, 'down'));
  assert.equal(run.status, 4);
  assert.match(run.stderr, /http:\/\/127.0.0.1:1\/announce failed: nobody listens there/);
  assert.equal(statSync(join(folder, 'down', 'file.bin')).size, 100);
});
