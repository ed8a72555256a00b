/** uTP (BEP 29) with real clients: clients that accept only uTP, lines that lose packets, and incoming connections. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import {
  libtorrentSeed,
  makeTorrent,
  type Seed,
  transmissionSeed,
  webtorrentSeed,
} from '../support/seeds.ts';
import { openTracker } from '../support/tracker.ts';
import { udpRelay } from '../support/udp-relay.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'file.torrent');
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(3 * 2 ** 20 + 333));
makeTorrent(join(data, 'file.bin'), torrent, 16);
const base = { torrent, folder: data, scratch: folder };
const UTP_ONLY = { enable_incoming_tcp: false, enable_outgoing_tcp: false };

interface Summary {
  readonly transports?: readonly { readonly name: string; readonly gaveData: number }[];
}

function check(
  name: string,
  run: { status: number | null; stderr: string; events: readonly object[] },
): string[] {
  assert.equal(run.status, 0, run.stderr);
  assert.ok(readFileSync(join(folder, name, 'file.bin')).equals(readFileSync(join(data, 'file.bin'))));
  const { transports } = run.events.at(-1) as Summary;
  return (transports ?? []).filter(({ gaveData }) => gaveData > 0).map((row) => row.name);
}

const get = (name: string, ...more: string[]) => [
  ...['get', torrent, '-o', join(folder, name), '--no-trackers', '--utp-is-wanted', '--json'],
  ...more,
];

describe('outgoing', { concurrency: 3 }, () => {
  for (const [name, settings, transport] of [
    ['libtorrent without TCP', {}, 'utp'],
    ['libtorrent without TCP, RC4 required', { in_enc_policy: 0, allowed_enc_level: 2 }, 'utp-mse-rc4'],
  ] as const) {
    test(name, async () => {
      const seed = await libtorrentSeed({ ...base, settings: { ...UTP_ONLY, ...settings } });
      try {
        const run = await runCli(...get(name, '--peer', seed.address));
        assert.deepEqual(check(name, run), [transport]);
      } finally {
        await seed.stop();
      }
    });
  }

  const behindRelay: Record<string, [() => Promise<Seed>, number]> = {
    // By default it closes the connection silently after a packet was lost three times.
    libtorrent: [
      () => libtorrentSeed({ ...base, settings: { ...UTP_ONLY, utp_num_resends: 20 } }, '127.0.0.3'),
      25,
    ],
    transmission: [() => transmissionSeed({ ...base, settings: { 'utp-enabled': true } }), 60],
    webtorrent: [() => webtorrentSeed({ ...base, settings: { utp: true } }), 0],
  };
  for (const [name, [start, loses]] of Object.entries(behindRelay)) {
    test(`${name} where TCP is refused${loses > 0 ? `, and one packet in ${loses} is lost` : ''}`, async () => {
      const seed = await start();
      const relay = await udpRelay(seed.address, loses);
      try {
        const run = await runCli(...get(name, '--peer', relay.address));
        assert.deepEqual(check(name, run), ['utp']);
        assert.ok(relay.carried() > 2_000, `${relay.carried()} packets went by the relay`);
        assert.ok(loses === 0 || relay.lost() > 30, `${relay.lost()} packets were lost`);
      } finally {
        relay.close();
        await seed.stop();
      }
    });
  }

  test('with --no-utp a peer that speaks only uTP cannot be reached', async () => {
    const seed = await libtorrentSeed({ ...base, settings: UTP_ONLY }, '127.0.0.4');
    try {
      const run = await runCli(
        'race',
        torrent,
        '--no-trackers',
        '--peer',
        seed.address,
        '--no-utp',
        '--json',
      );
      assert.equal(run.status, 4, run.stderr);
    } finally {
      await seed.stop();
    }
  });
});

for (const shards of ['1', '3'])
  test(`incoming: libtorrent, which has no TCP, connects to one of ${shards} threads`, async () => {
    // A tracker that knows only us: without any source a download ends at once.
    const tracker = await openTracker(loadTorrent(torrent).infoHash, folder);
    const tracked = join(folder, `tracked ${shards}.torrent`);
    makeTorrent(join(data, 'file.bin'), tracked, 16, `http://127.0.0.1:${tracker.port}/announce`);
    const seed = await libtorrentSeed(
      { ...base, settings: { ...UTP_ONLY, in_enc_policy: 2, out_enc_policy: 2 } },
      '127.0.0.5',
    );
    try {
      const running = startCli([
        'get',
        tracked,
        '-o',
        join(folder, `incoming ${shards}`),
        '--utp-is-wanted',
        '--shards',
        shards,
        '--json',
      ]);
      const { port } = JSON.parse(await running.line((line) => line.includes('"listening"'))) as {
        port: number;
      };
      seed.connect?.('127.0.0.1', port);
      assert.deepEqual(check(`incoming ${shards}`, await running.ended), ['utp']);
    } finally {
      await seed.stop();
      await tracker.stop();
    }
  });
