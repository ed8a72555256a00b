/** `unchoke doctor`, and the same messages from `get`: each diagnosis produced with real sockets. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DIAGNOSES, type DiagnosisCode } from '../../src/main/doctor/diagnosis.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { type CliResult, runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { EXPIRED_CERTIFICATE, ITS_KEY } from '../support/expired-certificate.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { mixFile, withSwarm, writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const shown = new Set<string>();

function codesOf({ events }: CliResult): unknown[] {
  return events.filter(({ type }) => type === 'diagnosis').map(({ code }) => code);
}

/** Runs the doctor; its first diagnosis must be this one, with a matching text. */
async function expects(code: DiagnosisCode, words: RegExp, ...args: string[]): Promise<void> {
  checkRun(code, words, await runCli('doctor', ...args, '--json', '--for', '5s'));
}

function checkRun(code: DiagnosisCode, words: RegExp, run: CliResult): void {
  const first = run.events.find(({ type }) => type === 'diagnosis') as
    | { code: string; text: string; advice: string }
    | undefined;
  assert.equal(first?.code, code, `${JSON.stringify(first)} ${run.stderr}`);
  assert.match(first?.text ?? '', words);
  assert.ok((first?.advice ?? '').length > 10);
  assert.equal(run.status, 4);
  shown.add(code);
}

const announcing = (name: string, url: string) =>
  writeTo(folder, `${name}.torrent`, torrentOf({}, { announce: str(url) }));

describe('why no peer is found', { concurrency: 4 }, () => {
  test('no source at all', () =>
    expects('no-source', /there is no source of peers/, writeTo(folder, 'bare.torrent', torrentOf())));

  test('a tracker with an unknown name', () =>
    expects('dns', /no-such-name.invalid/, announcing('dns', 'http://no-such-name.invalid/announce')));

  test('a tracker that does not listen', () =>
    expects(
      'trackers-failed',
      /no program listens there/,
      announcing('dead', 'http://127.0.0.1:1/announce'),
    ));

  test('a tracker whose certificate is out of date by our clock', async () => {
    const server = createHttpsServer({ cert: EXPIRED_CERTIFICATE, key: ITS_KEY });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const torrent = announcing('expired', `https://127.0.0.1:${port}/announce`);
    // Trusted except for its dates.
    const authority = writeTo(folder, 'expired.pem', Buffer.from(EXPIRED_CERTIFICATE));
    const trusting = ['env', `NODE_EXTRA_CA_CERTS=${authority}`];
    const run = await startCli(['doctor', torrent, '--json', '--for', '5s'], trusting).ended;
    checkRun(
      'clock',
      new RegExp(`at the time of our clock, ${new Date().getUTCFullYear()}.*127.0.0.1:${port}`),
      run,
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a tracker that knows no peer', async () => {
    const tracker = await httpServer(() => ({ body: Buffer.from('d8:intervali900e5:peers0:e') }));
    await expects('trackers-empty', /none of them knows a peer/, announcing('empty', tracker.announce));
    await tracker.close();
  });
});

describe('why peers are useless', { concurrency: 3 }, () => {
  const bare = writeTo(folder, 'peers.torrent', torrentOf());
  const mixes: [DiagnosisCode, Record<string, number>, RegExp][] = [
    ['all-time-out', { 'black-hole': 1 }, /^6 of 6 peers do not answer/],
    [
      'all-choke',
      { 'never-unchokes': 1 },
      /^6 peers completed the handshake, but none unchoked us: 6 choke us now/,
    ],
  ];
  for (const [code, mix, words] of mixes) {
    test(code, () =>
      withSwarm(folder, { peers: 6, mix: mixFile(folder, `${code}.json`, mix) }, (torrent) =>
        expects(code, words, torrent),
      ),
    );
  }

  for (const utp of [[], ['--utp-is-wanted']])
    test(`all refuse ${utp.join(' ')}`, () =>
      expects(
        'all-refuse',
        /^2 of 2 peers refuse/,
        bare,
        '--peer',
        '127.0.0.1:1',
        '--peer',
        '127.0.0.1:2',
        ...utp,
      ));

  for (const [code, says, words, more] of [
    ['all-hang-up', null, /peers connected, but 1 closed the connection/, []],
    ['all-hang-up', null, /closed the connection before a handshake/, ['--encryption', 'off']],
    ['wrong-torrent', 'HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(200), /serve another torrent/, []],
  ] as const) {
    test(`${code} ${more.join(' ')}`, async () => {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        if (says === null) socket.destroy();
        else socket.end(says);
        setTimeout(() => socket.destroy(), 1_000).unref();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      await expects(code, words, bare, '--peer', `127.0.0.1:${port}`, ...more);
      await new Promise((resolve) => server.close(resolve));
    });
  }

  test('no peer has the metadata of a magnet link', () =>
    withSwarm(folder, { peers: 2, mix: 'seeds' }, async (torrent) => {
      const { infoHash, trackers } = loadTorrent(torrent);
      const magnet = `magnet:?xt=urn:btih:${Buffer.from(infoHash).toString('hex')}&tr=${trackers.flat()[0]}`;
      await expects('no-metadata', /none of them says that it has the metadata of this magnet link/, magnet);
    }));
});

test('a shortage of descriptors, when the limit falls during the run', () =>
  withSwarm(folder, { peers: 300, mix: mixFile(folder, 'fd.json', { 'black-hole': 1 }) }, async (torrent) => {
    const running = startCli(['doctor', torrent, '--json', '--for', '6s', '--dial-rate', '40']);
    await running.line((line) => line.includes('"progress"'));
    const limited = spawnSync('prlimit', ['--pid', String(running.child.pid), '--nofile=40:40']);
    assert.equal(limited.status, 0, String(limited.stderr));
    const run = await running.ended;
    assert.ok(codesOf(run).includes('descriptors'), run.stdout.slice(-2_000));
    shown.add('descriptors');
  }));

test('a process that was stopped: its threads are late', () =>
  withSwarm(
    folder,
    { peers: 3, mix: mixFile(folder, 'late.json', { 'never-unchokes': 1 }) },
    async (torrent) => {
      const running = startCli(['doctor', torrent, '--json', '--for', '6s']);
      await running.line((line) => line.includes('"progress"'));
      running.child.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      running.child.kill('SIGCONT');
      const run = await running.ended;
      assert.ok(codesOf(run).includes('event-loop'), run.stdout);
      shown.add('event-loop');
    },
  ));

test('get says the same, while nothing arrives and at the end', async () => {
  const run = await runCli(
    'get',
    writeTo(folder, 'g.torrent', torrentOf()),
    '-o',
    join(folder, 'g'),
    '--peer',
    '127.0.0.1:1',
    '--first-unchoke-timeout',
    '1s',
  );
  assert.equal(run.status, 4);
  assert.match(run.stderr, /why: 1 of 1 peers refuse/);
  assert.match(run.stderr, /no peer unchoked us within 1.00 s/);
});

test('no peer has a piece: said after ten seconds, and again at the end', async () => {
  const made = madeTorrent([{ path: 'a', bytes: Buffer.alloc(100_000, 1) }], 16_384);
  const seed = await torrentSeed(made, '127.0.0.8', { lacks: 3 });
  const args = ['-o', join(folder, 'lacking'), '--peer', seed.address, '--idle-timeout', '13s', '--json'];
  const run = await runCli('get', writeTo(folder, 'lacking.torrent', made.torrent), ...args);
  await seed.close();
  assert.equal(run.status, 4, run.stderr);
  // On a busy machine our own threads may also be late.
  const codes = codesOf(run).filter((code) => code !== 'event-loop');
  assert.deepEqual(codes, ['missing-pieces', 'missing-pieces']);
  assert.match(run.stderr, /why: none of the 1 connected peers has piece 3 of the 1 missing pieces/);
  shown.add('missing-pieces');
});

test('every diagnosis except the slow disk was shown here', () => {
  // interop/slow-disk makes one with strace.
  const elsewhere = ['disk-slow'];
  assert.deepEqual(
    DIAGNOSES.filter((code) => !shown.has(code) && !elsewhere.includes(code)),
    [],
  );
});
