/** `--select` with a real seed that counts what it sent: pieces at the edges of a selection come once. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentSeed, libtorrentTorrent, makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 65_536;
const data = join(folder, 'data');
mkdirSync(join(data, 'set'), { recursive: true });
const FILES = ['a.bin', 'b.bin', 'c.bin', 'small.txt', 'd.bin'];
for (const name of FILES)
  writeFileSync(join(data, 'set', name), randomBytes(name === 'small.txt' ? 100 : 3 * PIECE + 20_000));

describe('the same selection again: libtorrent sends nothing', () => {
  for (const version of ['v1', 'v2', 'hybrid'] as const)
    test(version, () =>
      withStarted(async (keep) => {
        const torrent = join(folder, `${version}.torrent`);
        if (version === 'v1') makeTorrent(join(data, 'set'), torrent, 16);
        else libtorrentTorrent(join(data, 'set'), torrent, version, PIECE);
        const seed = await keep(libtorrentSeed({ torrent, folder: data, scratch: folder }));
        const output = join(folder, version);
        let given = 0;
        /** The bytes that the seed sent for this. */
        const get = async (...select: string[]): Promise<number> => {
          const patterns = select.flatMap((pattern) => ['--select', pattern]);
          const run = await runCli(
            'get',
            torrent,
            '-o',
            output,
            '--peer',
            seed.address,
            '--json',
            ...patterns,
          );
          assert.equal(run.status, 0, run.stderr);
          const before = given;
          given = (await seed.givenBytes?.()) ?? Number.NaN;
          return given - before;
        };
        assert.ok((await get('b.bin')) >= 3 * PIECE + 20_000);
        assert.equal(await get('b.bin'), 0, 'all of it is there');
        assert.deepEqual(readdirSync(join(output, 'set')), ['b.bin'], 'no other file is made');

        assert.ok((await get('small.txt')) > 0);
        assert.equal(
          await get('small.txt', 'b.bin'),
          0,
          'two selections that were complete are complete together',
        );
        rmSync(join(output, 'set', 'small.txt'));
        assert.ok((await get('small.txt', 'b.bin')) > 0, 'a file that is gone comes again');

        const path = join(output, 'set', 'b.bin');
        const bytes = readFileSync(path);
        bytes.write('damaged', bytes.length - 7);
        writeFileSync(path, bytes);
        const repaired = await get('b.bin');
        assert.ok(
          repaired > 0 && repaired <= PIECE,
          `the damaged piece at its end comes again, alone: ${repaired}`,
        );
        assert.deepEqual(readFileSync(path), readFileSync(join(data, 'set', 'b.bin')));
        await get();
        assert.deepEqual(contentOf(join(output, 'set')), contentOf(join(data, 'set')));
      }),
    );
});
