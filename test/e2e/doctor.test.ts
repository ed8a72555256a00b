/** `unchoke doctor` and the same messages from `get`: what they print, and causes in this machine. doctor-causes.test.ts has all others. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type CliResult, runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { mixFile, withSwarm, writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const bare = writeTo(folder, 'bare.torrent', torrentOf());
const mayUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;

function codesOf({ events }: CliResult): unknown[] {
  return events.filter(({ type }) => type === 'diagnosis').map(({ code }) => code);
}

describe('beside each other, because they wait most of the time', { concurrency: 8 }, () => {
  test('the doctor prints the cause and what to do, without a word between', async () => {
    const run = await runCli('doctor', bare, '--peer', '127.0.0.1:1', '--for', '5s');
    assert.equal(run.status, 4);
    const [head, ...all] = run.stdout.split('\n');
    const lines = all.slice(0, 2);
    // On a busy machine our own threads may also be late.
    if (head?.startsWith('No block arrived. The cause:') === true)
      assert.deepEqual(lines, [
        '1. the only peer refuses the connection: no program listens at its port',
        '   the address is old, or its client is off: leave out --no-dht, or name another peer with --peer HOST:PORT',
      ]);
    else assert.match(run.stdout, /our threads are late/);
    assert.match(run.stdout, /^ .*\n\nNo peer unchoked us .*\n\naddresses +1 /m, 'the figures follow');
  });

  test('the address of --interface is taken away during the run', {
    skip: mayUnshare ? false : 'needs a network namespace',
  }, async () => {
    const peer = ['--peer', '198.51.100.9:6881', '--interface', '198.51.100.7'];
    const within = [
      'ip link add far type veth peer name near && ip link set near up && ip link set far up && ip addr add 198.51.100.7/24 dev far && exec "$@"',
      'sh',
    ];
    const running = startCli(
      ['doctor', bare, ...peer, '--json', '--for', '4s'],
      ['unshare', '-n', 'sh', '-c', ...within],
    );
    await running.line((line) => line.includes('"progress"'));
    const gone = [
      '-t',
      String(running.child.pid),
      '-n',
      'ip',
      'addr',
      'del',
      '198.51.100.7/24',
      'dev',
      'far',
    ];
    const { status, stderr } = spawnSync('nsenter', gone);
    assert.equal(status, 0, String(stderr));
    const run = await running.ended;
    const found = run.events.filter(({ code }) => code !== undefined && code !== 'event-loop');
    assert.deepEqual(
      found.map(({ text }) => text),
      ['this machine does not have the address 198.51.100.7 of --interface any more'],
      run.stdout,
    );
  });

  test('without a network, peers of this machine are judged by what they do', {
    skip: mayUnshare ? false : 'needs a network namespace',
  }, async () => {
    const mix = mixFile(folder, 'choking.json', { 'never-unchokes': 1 });
    const torrent = join(folder, 'choking.torrent');
    const swarm = `'${process.execPath}' '${CLI}' swarm --peers 3 --mix ${mix} -o ${torrent}`;
    // The swarm runs in the same namespace, and its first line says that it is ready.
    const script = `ip link set lo up; ${swarm} > ${torrent}.told & until [ -s ${torrent}.told ]; do sleep 0.1; done; "$@"; status=$?; kill $!; wait; exit $status`;
    const elsewhere = ['--tracker', 'http://tracker.example/announce'];
    const run = await startCli(
      ['doctor', torrent, ...elsewhere, '--json', '--for', '4s'],
      ['unshare', '-n', 'sh', '-c', script, 'sh'],
    ).ended;
    assert.deepEqual(
      codesOf(run).filter((code) => code !== 'event-loop'),
      ['all-choke'],
      run.stderr,
    );
  });

  test('a shortage of descriptors, when the limit falls during the run', () =>
    withSwarm(
      folder,
      { peers: 300, mix: mixFile(folder, 'fd.json', { 'black-hole': 1 }) },
      async (torrent) => {
        const running = startCli(['doctor', torrent, '--json', '--for', '6s', '--dial-rate', '40']);
        await running.line((line) => line.includes('"progress"'));
        const limited = spawnSync('prlimit', ['--pid', String(running.child.pid), '--nofile=40:40']);
        assert.equal(limited.status, 0, String(limited.stderr));
        const run = await running.ended;
        assert.ok(codesOf(run).includes('descriptors'), run.stdout.slice(-2_000));
      },
    ));

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
      },
    ));

  test('get says the same at the end', async () => {
    const out = join(folder, 'g');
    const run = await runCli(
      'get',
      bare,
      '-o',
      out,
      '--peer',
      '127.0.0.1:1',
      '--first-unchoke-timeout',
      '1s',
    );
    assert.equal(run.status, 4);
    assert.match(run.stderr, /why: the only peer refuses the connection: no program listens at its port/);
    assert.match(run.stderr, /no peer unchoked us within 1 s \(1 peer known\)/);
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
    assert.match(run.stderr, /why: the only connected peer does not have piece 3, the only missing one/);
  });
});
