/** From a magnet link to the finished files, with the metadata and the data from real clients. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import {
  aria2Seed,
  libtorrentSeed,
  makeTorrent,
  type Seed,
  type SeedRequest,
  transmissionSeed,
  webtorrentSeed,
} from '../support/seeds.ts';
import { openTracker, untilSeeded } from '../support/tracker.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const clients: Record<string, (request: SeedRequest) => Promise<Seed>> = {
  libtorrent: libtorrentSeed,
  aria2: aria2Seed,
  transmission: transmissionSeed,
  webtorrent: webtorrentSeed,
};

/** Pieces of 32 KiB and many files: the metadata takes several parts. */
function madeSet(name: string): string {
  const set = join(folder, 'data', name);
  mkdirSync(set, { recursive: true });
  for (let i = 0; i < 400; i++)
    writeFileSync(join(set, `${'long '.repeat(16)}${i}.bin`), randomBytes(20_011));
  return set;
}

describe('magnet links', { concurrency: 4 }, () => {
  for (const [client, start] of Object.entries(clients)) {
    test(`${client}: tracker only`, async () => {
      const name = `from ${client}`;
      const set = madeSet(name);
      const torrent = join(folder, `${client}.torrent`);
      makeTorrent(set, torrent, 15);
      const { infoHash, info } = loadTorrent(torrent);
      assert.ok(info.length > 2 * 16_384, 'metadata of several parts');
      const tracker = await openTracker(infoHash, folder);
      const announce = `http://127.0.0.1:${tracker.port}/announce`;
      const tracked = join(folder, `${client} tracked.torrent`);
      makeTorrent(set, tracked, 15, announce);
      const data = join(folder, 'data');
      const settings = client === 'webtorrent' ? { tracker: true } : {};
      const seed = await start({ torrent: tracked, folder: data, scratch: folder, settings });
      try {
        await untilSeeded(tracker.port, infoHash);
        const saved = join(folder, `${client} saved.torrent`);
        const output = join(folder, 'out');
        const hash = Buffer.from(infoHash).toString('hex');
        const link = `magnet:?xt=urn:btih:${hash}&tr=${encodeURIComponent(announce)}`;
        const run = await runCli('get', link, '-o', output, '--save-torrent', saved, '--json');
        assert.equal(run.status, 0, run.stderr);
        assert.deepEqual(contentOf(join(output, name)), contentOf(set));
        assert.ok(
          run.events.some(({ type, searchMs }) => type === 'metadata' && typeof searchMs === 'number'),
        );
        assert.deepEqual(loadTorrent(saved).infoHash, infoHash);
        assert.ok(Buffer.from(readFileSync(saved)).includes(announce));
        const summary = run.events.at(-1) as { wastedBytes?: number };
        assert.equal(summary.wastedBytes, 0, 'the connections of the search went on');
      } finally {
        await seed.stop();
        await tracker.stop();
      }
    });
  }
});
