/** Suggestions (BEP 6) between libtorrent and us: each follows those of the other. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ourSeed } from '../support/our-seed.ts';
import { makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';
import { followed, suggestingPeer } from '../support/suggesting.ts';
import { wire } from '../support/wire-bytes.ts';
import { wirePeer } from '../support/wire-peer.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
/** Plain TCP. */
const PLAIN = {
  out_enc_policy: 2,
  in_enc_policy: 2,
  enable_outgoing_utp: false,
  enable_incoming_utp: false,
};
const SILENT = { ...PLAIN, suggest_mode: 0 };

function emptyFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

test('libtorrent follows our suggestions', () =>
  withStarted(async (keep) => {
    // More than our cache holds.
    const [data, torrent] = [emptyFolder('ours'), join(folder, 'big.torrent')];
    writeFileSync(join(data, 'big'), randomBytes(40 * 2 ** 20));
    makeTorrent(join(data, 'big'), torrent, 18);
    const { infoHash } = loadTorrent(torrent);
    // Two peers that together have every piece, so that the swarm does not depend on us. They want the rest, and ask for nothing.
    const holder = async (bits: string, host: string) => {
      const says = Buffer.concat([wire.bitfield(bits), wire.interested]);
      const { address, close } = await wirePeer({ infoHash, says }, host);
      return { address, stop: close };
    };
    const holders = [
      await keep(holder('0'.padEnd(160, '1'), '127.0.0.7')),
      await keep(holder('1'.padEnd(160, '0'), '127.0.0.8')),
    ];
    const limit = ['--upload-limit', '8M', '--no-trackers'];
    const peers = holders.flatMap(({ address }) => ['--peer', address]);
    const seed = await keep(ourSeed(torrent, data, ...limit, ...peers));
    const leeches = await Promise.all(
      ['one', 'two', 'three'].map((name, i) =>
        keep(suggestingPeer(torrent, emptyFolder(name), `127.0.0.${10 + i}`, SILENT)),
      ),
    );
    for (const leech of leeches) leech.connect('127.0.0.1', seed.port);
    for (const leech of leeches) await leech.complete();
    const told = await Promise.all(leeches.map((leech) => leech.told('127.0.0.1')));
    const count = told.reduce((sum, one) => sum + followed(one, 'sent'), 0);
    // One in a hundred would be by chance.
    assert.ok(count >= 5, `${count} followed`);
    for (const name of ['one', 'two', 'three'])
      assert.deepEqual(contentOf(join(folder, name, 'big')), contentOf(join(data, 'big')));
  }));

test('we follow those of libtorrent', () =>
  withStarted(async (keep) => {
    const [data, output, torrent] = [
      emptyFolder('theirs'),
      emptyFolder('out'),
      join(folder, 'small.torrent'),
    ];
    writeFileSync(join(data, 'small'), randomBytes(8 * 2 ** 20));
    makeTorrent(join(data, 'small'), torrent, 16);
    const seed = await keep(suggestingPeer(torrent, data, '127.0.0.2', PLAIN));
    const leech = await keep(suggestingPeer(torrent, emptyFolder('first'), '127.0.0.9', SILENT));
    leech.connect('127.0.0.2', Number(seed.address.split(':')[1]));
    await leech.complete();
    await leech.stop();
    // It suggests with an unchoke, what it read for the leech last.
    seed.slots('nobody', 0);
    seed.slots('127.0.0.1', 4);
    const run = await runCli('get', torrent, '-o', output, '--no-trackers', '--peer', seed.address);
    assert.equal(run.status, 0, run.stderr);
    const told = await seed.told('127.0.0.1');
    assert.equal(followed(told, 'heard'), 2, JSON.stringify(told.slice(0, 20)));
    assert.deepEqual(contentOf(output), contentOf(data));
  }));
