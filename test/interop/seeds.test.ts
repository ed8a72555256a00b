/** Complete, verified downloads from the real clients, by the built command line. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLIENTS_AS_SEEDS, libtorrentSeed, makeTorrent } from '../support/seeds.ts';
import { openTracker, untilSeeded } from '../support/tracker.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();

/** name → relative path → length. The last byte of each set is at an odd place: short last piece, short last block. */
const sets: Record<string, { readonly files: Record<string, number>; readonly pieceExponent: number }> = {
  'medium-pieces.bin': { files: { '': 3 * 2 ** 20 + 4_711 }, pieceExponent: 16 },
  'large-pieces.bin': { files: { '': 21 * 2 ** 20 + 1 }, pieceExponent: 22 },
  'many files': {
    files: {
      'a/one.txt': 5,
      'a/b/two ünï.bin': 1_500_000,
      'empty.nfo': 0,
      'three.bin': 2 ** 20,
      'z/last': 77_777,
    },
    pieceExponent: 18,
  },
  'tiny-pieces.bin': { files: { '': 2 ** 20 + 100 }, pieceExponent: 14 },
};

for (const [name, { files, pieceExponent }] of Object.entries(sets)) {
  for (const [path, length] of Object.entries(files)) {
    const file = join(folder, 'data', name, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, randomBytes(length));
  }
  makeTorrent(join(folder, 'data', name), torrentOf(name), pieceExponent);
}

function torrentOf(name: string): string {
  return join(folder, `${name}.torrent`);
}

for (const [client, { start, family }] of Object.entries(CLIENTS_AS_SEEDS)) {
  // In parallel, because transmission makes each wait for its next rechoke.
  describe(client, { concurrency: 4 }, () => {
    for (const name of Object.keys(sets)) {
      test(`${client} seeds "${name}"`, async () => {
        const seed = await start({ torrent: torrentOf(name), folder: join(folder, 'data'), scratch: folder });
        try {
          const output = join(folder, 'out', client);
          const run = await runCli(
            'get',
            torrentOf(name),
            '-o',
            output,
            '--no-trackers',
            '--peer',
            seed.address,
            '--json',
          );
          assert.equal(run.status, 0, run.stderr);
          assert.deepEqual(contentOf(join(output, name)), contentOf(join(folder, 'data', name)));
          const summary = run.events.at(-1) as unknown as {
            stages: { stage: string; family: string }[];
            wastedBytes: number;
          };
          const families = summary.stages
            .filter(({ stage }) => stage === 'unchoke')
            .map((entry) => entry.family);
          assert.ok(
            families.some((told) => told.toLowerCase() === family.toLowerCase()),
            `families: ${families.join(', ')}`,
          );
          assert.equal(summary.wastedBytes, 0, 'nothing came twice');
        } finally {
          await seed.stop();
        }
      });
    }
  });
}

test('peers through opentracker, over HTTP and over UDP', async () => {
  const name = 'large-pieces.bin';
  for (const protocol of ['http', 'udp']) {
    const torrent = join(folder, `${protocol}.torrent`);
    makeTorrent(join(folder, 'data', name), torrent, 18);
    const tracker = await openTracker(loadTorrent(torrent).infoHash, folder);
    rmSync(torrent);
    makeTorrent(join(folder, 'data', name), torrent, 18, `${protocol}://127.0.0.1:${tracker.port}/announce`);
    const seed = await libtorrentSeed({ torrent, folder: join(folder, 'data'), scratch: folder });
    try {
      const output = join(folder, 'out', protocol);
      const run = await runCli('get', torrent, '-o', output, '--json');
      assert.equal(run.status, 0, run.stderr);
      assert.match(run.stderr, new RegExp(`${protocol}://127.0.0.1:${tracker.port}.* answered: [1-9]`));
      assert.deepEqual(contentOf(join(output, name)), contentOf(join(folder, 'data', name)));
      await untilSeeded(tracker.port, loadTorrent(torrent).infoHash);
      const scraped = await runCli('inspect', torrent, '--scrape', '--json');
      assert.equal(scraped.status, 0, scraped.stderr);
      const [told] =
        (scraped.events[0] as { scrapes?: { scrape: { seeders: number } | null }[] }).scrapes ?? [];
      assert.equal(told?.scrape?.seeders, 1, JSON.stringify(told));
    } finally {
      await seed.stop();
      await tracker.stop();
    }
  }
});
