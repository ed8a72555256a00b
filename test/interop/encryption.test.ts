/** Message Stream Encryption with real clients that require it, refuse it, or accept both; out and in. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import {
  aria2Seed,
  libtorrentSeed,
  makeTorrent,
  type Seed,
  type SeedRequest,
  transmissionSeed,
} from '../support/seeds.ts';
import { openTracker } from '../support/tracker.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'file.torrent');
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(2 ** 20 + 333));
makeTorrent(join(data, 'file.bin'), torrent, 16);
const base = { torrent, folder: data, scratch: folder };

// libtorrent's own numbers: policy 0 is forced, 2 is disabled; level 1 is plain, 2 is RC4, 3 is both.
const lt = (policy: number, level: number) => (more: SeedRequest) =>
  libtorrentSeed({
    ...more,
    settings: { in_enc_policy: policy, out_enc_policy: policy, allowed_enc_level: level, prefer_rc4: true },
  });
const aria2 = (level: string) => (more: SeedRequest) =>
  aria2Seed({ ...more, settings: { 'bt-require-crypto': 'true', 'bt-min-crypto-level': level } });

type Outcome = 'tcp' | 'mse-plain' | 'mse-rc4' | null;
/** The result with each client, by our `--encryption`; null means no connection. */
const matrix: Record<
  string,
  [(request: SeedRequest) => Promise<Seed>, Record<'prefer' | 'require' | 'off', Outcome>]
> = {
  'libtorrent, RC4 required': [lt(0, 2), { prefer: 'mse-rc4', require: 'mse-rc4', off: null }],
  'libtorrent, plain MSE required': [lt(0, 1), { prefer: 'mse-plain', require: null, off: null }],
  'libtorrent, MSE required, either method': [lt(0, 3), { prefer: 'mse-rc4', require: 'mse-rc4', off: null }],
  'libtorrent, MSE off': [lt(2, 3), { prefer: 'tcp', require: null, off: 'tcp' }],
  'transmission, required': [
    (more) => transmissionSeed({ ...more, settings: { encryption: 2 } }),
    { prefer: 'mse-rc4', require: 'mse-rc4', off: null },
  ],
  'aria2, RC4 required': [aria2('arc4'), { prefer: 'mse-rc4', require: 'mse-rc4', off: null }],
  'aria2, plain MSE required': [aria2('plain'), { prefer: 'mse-plain', require: 'mse-rc4', off: null }],
};

describe('outgoing', { concurrency: 4 }, () => {
  for (const [name, [start, expected]] of Object.entries(matrix)) {
    test(name, async () => {
      const seed = await start(base);
      try {
        for (const [encryption, transport] of Object.entries(expected)) {
          const options = ['--no-trackers', '--peer', seed.address, '--encryption', encryption, '--json'];
          const output = join(folder, 'out', name, encryption);
          const run =
            transport === null
              ? await runCli('race', torrent, ...options)
              : await runCli('get', torrent, '-o', output, ...options);
          assert.equal(run.status, transport === null ? 4 : 0, `${encryption}: ${run.stderr}`);
          if (transport === null) continue;
          const summary = run.events.at(-1) as { transports?: { name: string; gaveData: number }[] };
          assert.deepEqual(
            summary.transports?.filter(({ gaveData }) => gaveData > 0).map((row) => row.name),
            [transport],
            encryption,
          );
          assert.ok(readFileSync(join(output, 'file.bin')).equals(readFileSync(join(data, 'file.bin'))));
        }
      } finally {
        await seed.stop();
      }
    });
  }
});

describe('incoming: libtorrent connects to us', () => {
  for (const [name, start, encryption, transport] of [
    ['in the clear', lt(2, 3), 'off', 'tcp'],
    ['behind RC4', lt(0, 2), 'prefer', 'mse-rc4'],
    ['behind MSE without RC4', lt(0, 1), 'prefer', 'mse-plain'],
    ['behind RC4, which we require', lt(0, 3), 'require', 'mse-rc4'],
  ] as const) {
    test(name, async () => {
      const tracker = await openTracker(loadTorrent(torrent).infoHash, folder);
      const tracked = join(folder, `${name}.torrent`);
      makeTorrent(join(data, 'file.bin'), tracked, 16, `http://127.0.0.1:${tracker.port}/announce`);
      const seed = await start(base);
      try {
        const output = join(folder, 'in', name);
        const running = startCli(['get', tracked, '-o', output, '--encryption', encryption, '--json']);
        const { port } = JSON.parse(await running.line((line) => line.includes('"listening"'))) as {
          port: number;
        };
        seed.connect?.('127.0.0.1', port);
        const run = await running.ended;
        assert.equal(run.status, 0, run.stderr);
        assert.ok(readFileSync(join(output, 'file.bin')).equals(readFileSync(join(data, 'file.bin'))));
        const summary = run.events.at(-1) as {
          transports?: { name: string; gaveData: number }[];
          sources?: { name: string; gaveData: number }[];
        };
        const gave = (rows: { name: string; gaveData: number }[] | undefined) =>
          rows?.filter(({ gaveData }) => gaveData > 0).map((row) => row.name);
        assert.deepEqual([gave(summary.sources), gave(summary.transports)], [['incoming'], [transport]]);
      } finally {
        await seed.stop();
        await tracker.stop();
      }
    });
  }
});
