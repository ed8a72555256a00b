/**
 * --nat with a real router: Debian's miniupnpd between a network inside and one outside, each a namespace of its own. The router
 * is asked what it forwards, and peers outside connect to it.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI, ROOT } from '../support/paths.ts';
import { makeTorrent } from '../support/seeds.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const execute = promisify(execFile);
const skip = spawnSync('unshare', ['-n', 'true']).status !== 0;

/** Of the router, outside. */
const ROUTER = '11.77.0.1';
const OURS = '192.168.77.2';
/** The port where we listen. */
const PORT = 7_000;

interface Mapped {
  readonly type: string;
  readonly externalPort: number;
  readonly reason?: string;
}

interface Lab {
  readonly status: number;
  readonly mapped: Mapped;
  readonly said: string;
  /** The info hash that a handshake from outside got. */
  readonly handshake: string;
  readonly infoHash: string;
  /** What the router forwarded to us: before the start, during the run, and after its end. */
  readonly forwarded: readonly (readonly string[])[];
  readonly leases: string;
  /** The rules of the router during the run, and what miniupnpd logged. */
  readonly rules: string;
  readonly log: string;
  readonly leasesAfter: string;
  readonly ms: number;
  readonly isWhole: () => boolean;
}

let labs = 0;

/** Runs `get --nat` behind the router. */
async function behindRouter(protocol: string, how: string, ...more: readonly string[]): Promise<Lab> {
  const data = join(folder, `lab ${labs++}`);
  mkdirSync(data);
  const content = randomBytes(2 ** 19);
  writeFileSync(join(data, 'near.bin'), content);
  const torrent = join(data, 'near.torrent');
  makeTorrent(join(data, 'near.bin'), torrent, 16, 'http://11.77.0.9:6969/announce');
  const infoHash = Buffer.from(loadTorrent(torrent).infoHash).toString('hex');
  const script = join(ROOT, 'test', 'interop', 'clients', 'nat-namespace.sh');
  const output = join(data, 'out');
  const alone = ['--no-trackers', '--no-dht', '--no-lsd', '--nat', '--port', `${PORT}`];
  const get = [process.execPath, CLI, 'get', torrent, '-o', output, ...alone, '--json', '--verbose', ...more];
  const begun = performance.now();
  await execute('unshare', ['-n', 'sh', script, torrent, infoHash, data, protocol, how, ...get], {
    timeout: 60_000,
  });
  const read = (name: string): string => readFileSync(join(data, name), 'utf8');
  const orNothing = (name: string): string => {
    try {
      return read(name);
    } catch {
      return '';
    }
  };
  const events = read('events')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Mapped);
  const mapped = events.find(({ type }) => type.endsWith('mapped'));
  assert.ok(mapped !== undefined);
  return {
    status: Number(read('status')),
    mapped,
    said: read('said'),
    handshake: orNothing('handshake').trim(),
    infoHash,
    forwarded: ['before', 'during', 'after'].map((name) =>
      read(name)
        .split('\n')
        .filter((line) => line.includes(`dnat ip to ${OURS}`)),
    ),
    leases: orNothing('leases.during'),
    rules: read('during'),
    log: orNothing('miniupnpd.log'),
    leasesAfter: orNothing('leases'),
    ms: performance.now() - begun,
    isWhole: () => readFileSync(join(output, 'near.bin')).equals(content),
  };
}

const openWords = (protocol: string, port: number): string =>
  `port ${PORT} is open in the router by ${protocol}: peers reach us at ${ROUTER}:${port}`;

describe('behind a router', { concurrency: 2, skip }, () => {
  for (const [protocol, spoken, name] of [
    ['pcp', 'pcp', 'PCP'],
    // The router drops packets of PCP.
    ['nat-pmp', 'nat-pmp', 'NAT-PMP'],
    ['upnp', 'upnp', 'UPnP'],
    ['upnp1', 'upnp', 'UPnP'],
  ] as const)
    test(`${protocol}: peers outside reach us, until SIGTERM`, async () => {
      const lab = await behindRouter(protocol, 'term');
      assert.deepEqual(lab.mapped, {
        type: 'port-mapped',
        v: 1,
        port: PORT,
        externalPort: PORT,
        address: ROUTER,
        protocol: spoken,
        transports: ['tcp', 'udp'],
      });
      assert.ok(lab.said.includes(openWords(name, PORT)), lab.said);
      assert.equal(lab.handshake, lab.infoHash, 'a peer outside shook hands with us');
      const [before, during, after] = lab.forwarded;
      assert.deepEqual([before?.length, during?.length, after?.length], [0, 2, 0]);
      assert.match(lab.leases, new RegExp(`^TCP:${PORT}:${OURS}:${PORT}:`, 'm'));
      assert.match(lab.leases, new RegExp(`^UDP:${PORT}:${OURS}:${PORT}:`, 'm'));
      assert.ok(!lab.leasesAfter.includes(OURS), lab.leasesAfter);
      const [, endsAt] = /:(\d{10}):/.exec(lab.leases) ?? [];
      const leftS = Number(endsAt) - Date.now() / 1_000;
      assert.ok(leftS > 3_500 && leftS <= 3_600, `it is open for ${leftS} s`);
      assert.equal(lab.status, 130);
      if (protocol === 'nat-pmp')
        assert.match(lab.rules, /counter packets 3 bytes \d+ drop/, 'PCP was tried');
      if (protocol === 'upnp') assert.match(lab.log, /WANIPConnection:2#AddPortMapping/);
      if (protocol === 'upnp1') assert.match(lab.log, /WANIPConnection:1#AddPortMapping/);
    });

  test('a seed outside connects through the router and gives us all; then the port is closed', async () => {
    const lab = await behindRouter('pcp', 'seed');
    assert.equal(lab.status, 0, lab.said);
    assert.ok(lab.isWhole());
    assert.deepEqual(
      lab.forwarded.map(({ length }) => length),
      [0, 2, 0],
    );
  });

  for (const protocol of ['pcp', 'nat-pmp', 'upnp', 'upnp1'])
    test(`${protocol}: another machine has the port, and keeps it`, async () => {
      const lab = await behindRouter(protocol, 'taken');
      const { type, externalPort } = lab.mapped;
      assert.equal(type, 'port-mapped');
      assert.notEqual(externalPort, PORT);
      assert.equal(lab.handshake, lab.infoHash, 'a peer outside shook hands with us at the other port');
      assert.deepEqual(
        lab.forwarded.map(({ length }) => length),
        [0, 2, 0],
      );
      assert.equal(lab.leasesAfter.match(/:7000:192\.168\.77\.3:7000:/g)?.length, 2, lab.leasesAfter);
    });

  test('a router that does not help is named, and the end does not wait for it', async () => {
    const lab = await behindRouter('none', 'term');
    const reason = 'the router 192.168.77.1 speaks none of PCP, NAT-PMP and UPnP, or they are off';
    assert.deepEqual(lab.mapped, { type: 'port-not-mapped', v: 1, port: PORT, cause: 'failed', reason });
    assert.ok(lab.said.includes(`port ${PORT} is not open in the router: ${reason}`));
    assert.equal(lab.status, 130);
  });
});
