/** Metadata of more than a mebibyte for a client that asks for all its parts at once (BEP 9). */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { webtorrentLeech } from '../support/leeches.ts';
import { ourSeed } from '../support/our-seed.ts';
import { makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';

checkLeaksAtEnd();

test('webtorrent gets it from our seed, and downloads', () =>
  withStarted(async (keep) => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    mkdirSync(join(data, 'many'), { recursive: true });
    for (let i = 0; i < 7_000; i++) writeFileSync(join(data, 'many', `${i} ${'n'.repeat(230)}`), 'x');
    const torrent = join(folder, 'many.torrent');
    makeTorrent(join(data, 'many'), torrent, 15);
    const { info, infoHash } = loadTorrent(torrent);
    assert.ok(info.length > 100 * 16_384, `${info.length} bytes of metadata`);
    const { port } = await keep(ourSeed(torrent, data, '--no-trackers'));
    const hash = Buffer.from(infoHash).toString('hex');
    const output = join(folder, 'out');
    mkdirSync(output);
    const magnet = `magnet:?xt=urn:btih:${hash}&x.pe=127.0.0.1:${port}`;
    const leech = await keep(webtorrentLeech({ torrent: magnet, folder: output, scratch: folder }));
    await leech.complete();
    assert.deepEqual(contentOf(join(output, 'many')), contentOf(join(data, 'many')));
  }));
