/** Leeches that behave badly, with bytes written by hand: what they cost us is bounded, and a libtorrent beside them completes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { ALLOWED_FAST_PIECES, ALLOWED_FAST_REPEATS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech } from '../support/leeches.ts';
import { type OurSeed, ourSeed } from '../support/our-seed.ts';
import { type RawLeech, rawLeech } from '../support/raw-leech.ts';
import { makeTorrent } from '../support/seeds.ts';
import { type Keep, withStarted } from '../support/started.ts';
import { wire } from '../support/wire-bytes.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'file.torrent');
const MIB = 2 ** 20;
const PIECE = MIB;
const PIECES = 24;
const BLOCK = 16_384;
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(PIECES * PIECE));
makeTorrent(join(data, 'file.bin'), torrent, 20);
const { infoHash } = loadTorrent(torrent);

/** Memory of a process, in MiB. */
function memoryOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

/** A libtorrent gets everything from the seed. */
async function checkLeech(keep: Keep, seed: OurSeed, name: string): Promise<void> {
  const output = join(folder, name);
  mkdirSync(output);
  const leech = await keep(libtorrentLeech({ torrent }, output));
  leech.connect('127.0.0.1', seed.port);
  await leech.complete();
  assert.ok(readFileSync(join(output, 'file.bin')).equals(readFileSync(join(data, 'file.bin'))));
}

/** So many blocks of a whole torrent, each once or more often. */
function requests(count: number, length = BLOCK): Buffer {
  const perPiece = PIECE / length;
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      wire.request(Math.floor(i / perPiece) % PIECES, (i % perPiece) * length, length),
    ),
  );
}

test('twelve leeches that request 96 MiB and read nothing, and twelve that request nothing: another is served', () =>
  withStarted(async (keep) => {
    const seed = await keep(ourSeed(torrent, data, '--no-trackers'));
    const before = memoryOf(seed.pid);
    const asked: Promise<RawLeech>[] = [];
    for (let i = 0; i < 24; i++) {
      const reads = i % 2 === 1;
      const leech = await keep(rawLeech(seed.port, infoHash, { from: `127.0.2.${i + 1}`, reads }));
      asked.push(
        leech.unchoked().then(() => {
          if (!reads) leech.socket.write(requests(500));
          return leech;
        }),
      );
    }
    // Their turns come one after the other; the first ones have all places.
    await Promise.race(asked);
    await checkLeech(keep, seed, 'beside the silent');
    const settled = await Promise.all(
      asked.map((one) =>
        Promise.race([one, new Promise<null>((resolve) => setImmediate(() => resolve(null)))]),
      ),
    );
    const served = settled.filter((leech) => leech !== null);
    assert.ok(served.length >= 8, `${served.length} of them were unchoked`);
    assert.ok(served.some(({ socket }) => socket.isPaused()));
    const grown = memoryOf(seed.pid) - before;
    assert.ok(grown < 120, `${grown.toFixed(0)} MiB more`);
    assert.equal((await seed.stop()).status, 0);
  }));

test('requests without end, of a peer that is choked and of one that is not: the connection is closed', () =>
  withStarted(async (keep) => {
    const seed = await keep(ourSeed(torrent, data, '--no-trackers'));
    const before = memoryOf(seed.pid);
    const unchoked = await keep(rawLeech(seed.port, infoHash));
    await unchoked.unchoked();
    unchoked.socket.write(requests(100_000));
    await unchoked.closed();
    assert.ok(unchoked.blockBytes <= 1_000 * BLOCK);
    const choked = await keep(rawLeech(seed.port, infoHash, { wants: false }));
    choked.socket.write(requests(100_000));
    await choked.closed();
    // A newcomer may request its allowed-fast set (BEP 6), each byte twice.
    const set = Math.min(ALLOWED_FAST_PIECES, Math.floor(PIECES / 4)) * PIECE;
    assert.ok(choked.blockBytes <= ALLOWED_FAST_REPEATS * set, `${choked.blockBytes} bytes`);
    assert.ok(choked.rejects > 0);
    const grown = memoryOf(seed.pid) - before;
    assert.ok(grown < 120, `${grown.toFixed(0)} MiB more`);
    await checkLeech(keep, seed, 'beside the flood');
    assert.equal((await seed.stop()).status, 0);
  }));

test('requests that make no sense close the connection; huge and repeated ones that make sense are served', () =>
  withStarted(async (keep) => {
    const seed = await keep(ourSeed(torrent, data, '--no-trackers'));
    const senseless = [
      wire.request(PIECES, 0, BLOCK),
      wire.request(0xffff_ffff, 0, BLOCK),
      wire.request(0, PIECE, BLOCK),
      wire.request(0, 0xffff_f000, BLOCK),
      wire.request(0, PIECE - 1, 2),
      wire.request(0, 0, 0),
      wire.request(0, 0, 131_073),
      wire.request(0, 0, 0xffff_ffff),
    ];
    for (const bytes of senseless) {
      const leech = await keep(rawLeech(seed.port, infoHash));
      await leech.unchoked();
      leech.socket.write(bytes);
      await leech.closed();
      assert.equal(leech.blockBytes, 0);
    }
    const odd = await keep(rawLeech(seed.port, infoHash));
    await odd.unchoked();
    const sane = [
      wire.request(0, PIECE - 1, 1),
      wire.request(1, 3, 131_072),
      wire.request(PIECES - 1, PIECE - 131_072, 131_072),
      ...Array.from({ length: 10 }, () => wire.request(2, 5, 7)),
      // What is not waiting cannot be taken back.
      wire.cancel(9, 0, BLOCK),
    ];
    odd.socket.write(Buffer.concat(sane));
    await odd.until(() => odd.blockBytes === 1 + 2 * 131_072 + 10 * 7);
    // All of it in blocks of 128 KiB.
    const huge = await keep(rawLeech(seed.port, infoHash));
    await huge.unchoked();
    huge.socket.write(requests(PIECES * 8, 131_072));
    await huge.until(() => huge.blockBytes === PIECES * PIECE);
    await checkLeech(keep, seed, 'beside the odd');
    assert.equal((await seed.stop()).status, 0);
  }));
