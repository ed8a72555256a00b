/** A hybrid has two info hashes (BEP 52): links with one of them and links with both are the same torrent. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Failure, Session } from '../../src/main/index.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { parseMagnet } from '../../src/main/torrent/magnet.ts';
import { keysOf } from '../../src/main/torrent/source.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { type OurSeed, ourSeed } from '../support/our-seed.ts';
import { content, hybridParts, torrentOfParts } from '../support/version2-torrents.ts';

const OLD = 'ab'.repeat(20);
const NEW = 'cd'.repeat(32);
const ONE = `magnet:?xt=urn:btih:${OLD}`;
const TWO = `magnet:?xt=urn:btmh:1220${NEW}`;
const BOTH = `${ONE}&xt=urn:btmh:1220${NEW}`;

const keys = (link: string): string[] => keysOf({ kind: 'magnet', magnet: parseMagnet(link) });

test('a torrent is recognised by each of its hashes', () => {
  assert.deepEqual(keys(BOTH), [OLD, NEW]);
  assert.deepEqual([keys(ONE), keys(TWO)], [[OLD], [NEW]]);
});

test('a session has it once, by whichever hash it is added again, and again after it was removed', async () => {
  const alone = { dht: false, lsd: false, trackers: false, port: null } as const;
  const session = new Session({ ...alone, output: temporaryFolder() });
  try {
    const torrent = await session.add(BOTH);
    for (const link of [ONE, TWO, BOTH, NEW, OLD])
      await assert.rejects(
        () => session.add(link),
        (error) => error instanceof Failure && /is in the session already/.test(error.message),
      );
    assert.deepEqual(session.torrents, [torrent]);
    await torrent.remove();
    const again = await session.add(TWO);
    assert.deepEqual(session.torrents, [again]);
  } finally {
    await session.close();
  }
});

const folder = temporaryFolder();
const FILES = [
  { name: 'a', bytes: content(100_000, 1) },
  { name: 'b', bytes: content(20_000, 2) },
];
const FILE = join(folder, 'hybrid.torrent');
/** Each has one hash of the hybrid, and the file has both. */
const SOURCES: { v1: string; v2: string; file: string } = { v1: '', v2: '', file: FILE };
let seed: OurSeed;

before(async () => {
  writeFileSync(FILE, torrentOfParts(hybridParts(FILES, 32_768)));
  const data = join(folder, 'data');
  mkdirSync(join(data, 'set'), { recursive: true });
  for (const { name, bytes } of FILES) writeFileSync(join(data, 'set', name), bytes);
  const { infoHash, version2 } = loadTorrent(FILE);
  SOURCES.v1 = `magnet:?xt=urn:btih:${Buffer.from(infoHash).toString('hex')}`;
  SOURCES.v2 = `magnet:?xt=urn:btmh:1220${Buffer.from(version2?.infoHash ?? []).toString('hex')}`;
  seed = await ourSeed(FILE, data, '--no-trackers');
});
after(() => seed.stop());
checkLeaksAtEnd();

const isFetched = (output: string): void => {
  for (const { name, bytes } of FILES) assert.deepEqual(readFileSync(join(output, 'set', name)), bytes);
};

for (const [first, second] of [
  ['v1', 'v2'],
  ['v2', 'v1'],
  ['v1', 'file'],
  ['file', 'v2'],
] as const)
  for (const lanes of ['1', '2'])
    test(`get ${first} ${second} --parallel ${lanes}: one download, for both`, async () => {
      const output = join(folder, `${first} ${second} ${lanes}`);
      const { status, stderr, stdout, events } = await runCli(
        ...['get', SOURCES[first], SOURCES[second], '-o', output, '--parallel', lanes],
        ...['--peer', `127.0.0.1:${seed.port}`, '--json'],
      );
      assert.equal(status, 0, stderr + stdout);
      assert.equal(stderr.split('it is downloaded once: the same torrent as ').length, 2, stderr);
      for (const type of ['metadata', 'complete', 'summary'])
        assert.equal(events.filter((event) => event['type'] === type).length, 1, type);
      isFetched(output);
    });

test('watch: both files are done', async () => {
  const [path, output] = [join(folder, 'in'), join(folder, 'out')];
  mkdirSync(path);
  writeFileSync(join(path, 'one.magnet'), SOURCES.v2);
  writeFileSync(join(path, 'two.magnet'), SOURCES.v1);
  const off = ['--no-trackers', '--no-dht', '--no-lsd', '--no-utp', '--json'];
  const run = startCli(['watch', path, '-o', output, '--peer', `127.0.0.1:${seed.port}`, ...off]);
  for (const name of ['one.magnet', 'two.magnet'])
    while (!existsSync(join(path, 'done', name))) await new Promise((resolve) => setImmediate(resolve));
  run.child.kill('SIGTERM');
  const { status, stderr, events } = await run.ended;
  assert.equal(status, 0, stderr);
  assert.equal(events.filter(({ type }) => type === 'complete').length, 1);
  assert.equal(stderr.split('it is downloaded once: the same torrent as ').length, 2, stderr);
  isFetched(output);
});

for (const links of [
  ['v1', 'v2'],
  ['v2', 'v1'],
] as const)
  test(`a session, ${links.join(' and then ')}: the one that knows the torrent first goes on, the other one fails as already there`, async () => {
    const output = join(folder, `session ${links[0]}`);
    const alone = { dht: false, lsd: false, trackers: false, port: null, shards: 1 } as const;
    const peers = [{ host: '127.0.0.1', port: seed.port }];
    const session = new Session({ ...alone, peers, output });
    try {
      const torrents = [await session.add(SOURCES[links[0]]), await session.add(SOURCES[links[1]])];
      const ended = await Promise.allSettled(torrents.map(({ completed }) => completed));
      const failed = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as Failure] : []));
      assert.equal(failed.length, 1);
      assert.equal(failed[0]?.code, 'usage');
      assert.match(failed[0]?.message ?? '', /is in the session already/);
      isFetched(output);
    } finally {
      await session.close();
    }
  });
