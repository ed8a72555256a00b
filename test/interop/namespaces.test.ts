/** Tests with real clients that need their own network: multicast, a DHT of many IPv6 addresses, and clients that do not dial loopback. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI, ROOT } from '../support/paths.ts';
import { makeTorrent } from '../support/seeds.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const execute = promisify(execFile);
const mayMakeNamespaces = spawnSync('unshare', ['-n', 'true']).status === 0;

/** Runs a namespace script with a new torrent and a command of ours; returns its events. */
async function inNamespace(
  name: string,
  script: string,
  own: readonly string[],
  command: (torrent: string) => readonly string[],
): Promise<Record<string, unknown>[]> {
  const data = join(folder, name);
  mkdirSync(data);
  writeFileSync(join(data, 'near.bin'), randomBytes(2 ** 20));
  const torrent = join(folder, `${name}.torrent`);
  makeTorrent(join(data, 'near.bin'), torrent, 16, 'http://10.9.0.1:6969/announce');
  const path = join(ROOT, 'test', 'interop', 'clients', script);
  const output = join(folder, `${name} out`);
  const ours = [
    process.execPath,
    CLI,
    ...command(torrent),
    '-o',
    output,
    '--no-utp',
    '--no-trackers',
    '--json',
  ];
  const { stdout } = await execute('unshare', ['-n', 'sh', path, torrent, data, ...own, ...ours], {
    timeout: 90_000,
  });
  assert.ok(readFileSync(join(output, 'near.bin')).equals(readFileSync(join(data, 'near.bin'))));
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const byHash = (torrent: string) => ['get', Buffer.from(loadTorrent(torrent).infoHash).toString('hex')];

function sourcesOf(events: readonly Record<string, unknown>[]): [string, number][] {
  const { sources } = events.at(-1) as { sources: { name: string; gaveData: number }[] };
  return sources.map(({ name, gaveData }) => [name, gaveData]);
}

describe('in a namespace', { concurrency: 6 }, () => {
  test('Ctrl-C does not wait for a dead name server', { skip: !mayMakeNamespaces }, async () => {
    const resolvConf = writeTo(folder, 'resolv.conf', Buffer.from('nameserver 127.0.0.53\n'));
    const url = 'http://tracker.example.com/announce';
    const torrent = writeTo(folder, 'dead.torrent', torrentOf({}, { announce: str(url) }));
    const shell = 'ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
    const watch = join(ROOT, 'test', 'interop', 'clients', 'dead-resolver.mjs');
    for (const source of [torrent, 'http://torrents.example.com/x.torrent']) {
      const ours = [CLI, 'get', source, '-o', join(folder, 'dead'), '--no-dht', '--no-lsd'];
      const command = [process.execPath, watch, process.execPath, ...ours];
      const { stdout } = await execute('unshare', ['-mn', 'sh', '-c', shell, 'sh', resolvConf, ...command], {
        timeout: 60_000,
      });
      const { status, ms } = JSON.parse(stdout) as { status: number; ms: number };
      assert.equal(status, 130);
      assert.ok(ms < 3_000, `it took ${ms} ms`);
    }
  });

  test('a peer is found on the local network alone', { skip: !mayMakeNamespaces }, async () => {
    const events = await inNamespace('near', 'lsd-namespace.sh', [], (torrent) => [
      ...byHash(torrent),
      '--no-dht',
    ]);
    // It hears of us as well, and may dial first: nobody else can have told it.
    const gave = sourcesOf(events).filter(([, peers]) => peers > 0);
    assert.equal(gave.length, 1);
    assert.match(String(gave[0]), /^(?:lsd|incoming),1$/);
  });

  test('every interface is used, over IPv4 and IPv6, also one that appears later', {
    skip: !mayMakeNamespaces,
  }, async () => {
    const script = join(ROOT, 'test', 'interop', 'clients', 'lsd-interfaces.sh');
    const get = ['get', 'ab'.repeat(20), '-o', join(folder, 'lsd'), '--first-unchoke-timeout', '13s'];
    const off = ['--no-dht', '--no-trackers', '--no-utp'];
    const { stdout } = await execute('unshare', ['-n', 'sh', script, process.execPath, CLI, ...get, ...off]);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['late 4 6', 'one 4 6', 'two 4 6']);
  });

  for (const [kind, heard] of [
    ['private', ['one', 'two', 'late']],
    ['public', ['one 4 6', 'two 4 6', 'late 4 6']],
  ] as const)
    test(`the local network hears of a ${kind} torrent that we give: ${kind === 'public' ? 'yes' : 'no'}`, {
      skip: !mayMakeNamespaces,
    }, async () => {
      const shared = join(folder, `shared-${kind}`);
      writeFileSync(shared, randomBytes(2 ** 20));
      const script = join(ROOT, 'test', 'interop', 'clients', 'lsd-interfaces.sh');
      const share = ['share', shared, '--seed-time', '12s', '--no-dht', '--no-utp', '--no-nat'];
      const own = kind === 'private' ? ['--private', '--tracker', 'http://127.0.0.1:9/announce'] : [];
      const { stdout } = await execute('unshare', [
        '-n',
        'sh',
        script,
        process.execPath,
        CLI,
        ...share,
        ...own,
      ]);
      assert.deepEqual(stdout.trim().split('\n').sort(), heard.toSorted());
    });

  test('a peer is found by the DHT over IPv6 alone', { skip: !mayMakeNamespaces }, async () => {
    const events = await inNamespace('six', 'dht6-namespace.sh', [], (torrent) => [
      ...byHash(torrent),
      '--no-lsd',
    ]);
    assert.deepEqual(sourcesOf(events), [['dht', 1]]);
  });

  test('IPv6 addresses on a machine without IPv6 delay no others', { skip: !mayMakeNamespaces }, async () => {
    const events = await inNamespace('four', 'no-ipv6-namespace.sh', [], (torrent) => [
      ...['get', torrent, '--no-dht', '--no-lsd'],
    ]);
    const summary = events.at(-1) as {
      lost: { stage: string; code: string; count: number }[];
      shortages: number;
    };
    const unreachable = summary.lost.filter(({ code }) => code === 'unreachable');
    assert.equal(
      unreachable.reduce((sum, { count }) => sum + count, 0),
      200,
    );
    assert.equal(summary.shortages, 0);
    const first = events.find(({ type }) => type === 'first-unchoke') as { ms: number };
    assert.ok(first.ms < 10_000, `${first.ms} ms to the first unchoke`);
  });

  // transmission's numbers: 0 prefers plain, 2 requires encryption.
  for (const [theirs, ours, transport] of [
    [0, 'off', 'tcp'],
    [0, 'prefer', 'tcp'],
    [2, 'prefer', 'mse-rc4'],
    [2, 'require', 'mse-rc4'],
  ] as const) {
    const title = `transmission with encryption ${theirs} connects to us with --encryption ${ours}`;
    test(title, { skip: !mayMakeNamespaces }, async () => {
      const events = await inNamespace(
        `${theirs} ${ours}`,
        'transmission-namespace.sh',
        [`${theirs}`],
        (torrent) => [...['get', torrent, '--no-dht', '--no-lsd', '--encryption', ours]],
      );
      const { transports } = events.at(-1) as { transports: { name: string; gaveData: number }[] };
      assert.deepEqual(
        transports.filter(({ gaveData }) => gaveData > 0).map(({ name }) => name),
        [transport],
      );
    });
  }
});

test('without listening, or with --no-lsd, no peer is found there', async () => {
  const torrent = join(folder, 'near.torrent');
  const run = await runCli('get', torrent, '-o', join(folder, 'none'));
  assert.equal(run.status, 4, run.stderr);
});
