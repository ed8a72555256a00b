/** We give while we download, to real clients and to ourselves. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CliResult, runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech } from '../support/leeches.ts';
import { ourGet, ourSeed } from '../support/our-seed.ts';
import { libtorrentSeed, makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const data = join(folder, 'data');
const torrent = join(folder, 'file.torrent');
const BYTES = 6 * 2 ** 20 + 333;
mkdirSync(data);
writeFileSync(join(data, 'file.bin'), randomBytes(BYTES));
makeTorrent(join(data, 'file.bin'), torrent, 17);
const base = { torrent, folder: data, scratch: folder };

function place(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function check(output: string): void {
  assert.ok(readFileSync(join(output, 'file.bin')).equals(readFileSync(join(data, 'file.bin'))));
}

/** A run that seeded, and ended in order. */
function uploadedBy(run: CliResult): number {
  assert.equal(run.status, 0, run.stderr);
  return Number(run.events.find(({ type }) => type === 'seeded')?.['uploaded']);
}

test('a leech that knows only us gets what we have while we download, and the rest soon after', () =>
  withStarted(async (keep) => {
    const seed = await keep(libtorrentSeed({ ...base, settings: { limit: 2 ** 20 } }));
    const [ours, theirs] = [place('giving'), place('given')];
    // It would name the seed to the leech.
    const alone = ['--no-trackers', '--no-pex', '--seed'];
    const us = await keep(ourGet(torrent, ours, ...alone, '--peer', seed.address));
    const leech = await keep(libtorrentLeech({ torrent }, theirs));
    leech.connect('127.0.0.1', us.port);
    const { bytes } = await us.complete().then(() => leech.bytes());
    assert.ok(bytes > BYTES / 4, `${bytes} bytes before we were complete`);
    const partners = await leech.partners();
    assert.equal(partners.length, 1);
    assert.match(partners[0]?.client ?? '', /unchoke/);
    check(theirs);
    check(ours);
    assert.ok(uploadedBy(await us.stop()) >= BYTES);
  }));

test('we seed to another of us, and then both to a third', () =>
  withStarted(async (keep) => {
    const copy = place('first');
    cpSync(data, copy, { recursive: true });
    const limited = ['--no-trackers', '--seed', '--upload-limit', '2M'];
    const first = await keep(ourSeed(torrent, copy, ...limited));
    const second = await keep(
      ourGet(torrent, place('second'), ...limited, '--peer', `127.0.0.1:${first.port}`),
    );
    await second.complete();
    const third = place('third');
    const peers = [first, second].flatMap(({ port }) => ['--peer', `127.0.0.1:${port}`]);
    const run = await runCli('get', torrent, '-o', third, '--no-trackers', '--json', ...peers);
    assert.equal(run.status, 0, run.stderr);
    check(join(folder, 'second'));
    check(third);
    const gave = [uploadedBy(await first.stop()), uploadedBy(await second.stop())];
    assert.equal((gave[0] as number) + (gave[1] as number), 2 * BYTES, `${gave}: nothing was sent twice`);
    assert.ok((gave[0] as number) > BYTES, 'the first to the third as well');
    assert.ok((gave[1] as number) > BYTES / 4, 'the second to the third');
  }));

test('a seed that offers one piece at a time (BEP 16) completes us and a libtorrent, which give to each other', () =>
  withStarted(async (keep) => {
    const seed = await keep(
      libtorrentSeed({ ...base, settings: { super_seeding: true, limit: 2 * 2 ** 20 } }),
    );
    const [ours, theirs] = [place('ours'), place('theirs')];
    // The other leech is ready first, so that we do not have everything before it begins.
    const leech = await keep(libtorrentLeech({ torrent }, theirs));
    const us = await keep(ourGet(torrent, ours, '--no-trackers', '--peer', seed.address, '--seed'));
    leech.connect('127.0.0.1', us.port);
    const [host, port] = seed.address.split(':');
    leech.connect(host as string, Number(port));
    const [partners] = await Promise.all([leech.partners(), us.complete()]);
    check(ours);
    check(theirs);
    // Both dial, so that there may be a second connection.
    const ofUs = partners.filter(({ client }) => /unchoke/.test(client));
    const got = ofUs.reduce((sum, partner) => sum + partner.got, 0);
    assert.ok(got > 0, `the leech got nothing from us: ${JSON.stringify(partners)}`);
    assert.ok(uploadedBy(await us.stop()) > 0);
  }));

test('two leeches that know only us, and that nobody dialled, find each other through us', () =>
  withStarted(async (keep) => {
    const copy = place('known to both');
    cpSync(data, copy, { recursive: true });
    const us = await keep(ourSeed(torrent, copy, '--no-trackers', '--upload-limit', '512K'));
    const leeches = [];
    for (const name of ['knows us', 'knows us too']) {
      const leech = await keep(libtorrentLeech({ torrent }, place(name), {}, '127.0.0.1'));
      leech.connect('127.0.0.1', us.port);
      await leech.got(1);
      leeches.push(leech);
    }
    const partners = await Promise.all(leeches.map((leech) => leech.partners()));
    // BEP 10 `p` of the one that came, and BEP 11 from us.
    assert.ok(partners.flat().some(({ pex, got }) => pex && got > 0));
    const given = uploadedBy(await us.stop());
    assert.ok(given < 2 * BYTES, `${given} bytes: each gave the other something`);
  }));
