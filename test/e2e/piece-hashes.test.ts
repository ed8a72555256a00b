/**
 * A torrent of version 2 (BEP 52) needs the hashes of its pieces, which metadata does not have. While peers are asked for them, every
 * output says so, and a command that needs none does not wait.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Session } from '../../src/main/index.ts';
import { ChildLines } from '../support/child-lines.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { givingMetadata } from '../support/giving-metadata.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { content, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';
import { type WirePeer, wirePeer } from '../support/wire-peer.ts';

const PIECE = 16_384;
const folder = temporaryFolder();
const FILES = [{ name: 'a', bytes: content(2 * PIECE + 5, 1) }];
const INFO = torrentOfParts({ ...version2Parts(FILES, PIECE), top: {} }).subarray('d4:info'.length, -1);
const MAGNET = `magnet:?xt=urn:btmh:1220${createHash('sha256').update(INFO).digest('hex')}`;
let peer: WirePeer;
/** Requests for metadata and for hashes that it got. */
const asked = { metadata: 0, hashes: 0 };

before(async () => {
  const habits = givingMetadata(INFO, '111');
  peer = await wirePeer({
    ...habits,
    hears: (id, payload, socket) => {
      if (id === 20 && payload[0] === 3) asked.metadata += 1;
      if (id === 21) asked.hashes += 1;
      habits.hears?.(id, payload, socket);
    },
  });
});
after(() => peer.close());
checkLeaksAtEnd();

const get = (...more: readonly string[]): readonly string[] => [
  ...['get', MAGNET, '--peer', peer.address, '-o', join(folder, 'out'), '--shards', '1'],
  ...more,
];

test('--json: progress says how many hashes have come, after the event `metadata`', async () => {
  const run = startCli(get('--json'));
  await run.line((line) => line.includes('"hashPeers":1'));
  run.child.kill('SIGINT');
  const { events, status } = await run.ended;
  assert.equal(status, 130);
  const types = events.map(({ type }) => type);
  assert.ok(types.includes('metadata'));
  const late = events.slice(types.indexOf('metadata')).filter(({ type }) => type === 'progress');
  assert.ok(late.every((one) => one['hashes'] === 0 && one['totalHashes'] === 3));
  assert.ok(asked.hashes > 0);
});

test('in a pipe, and when it ends', async () => {
  const { child, ended } = startCli(get());
  await new ChildLines(child).first(
    /^metadata is there; fetching hashes of pieces, 0 of 3; 1 peer is asked {2}no peer sends yet, 1 makes us wait \(1 known\)/,
  );
  child.kill('SIGINT');
  const { stderr } = await ended;
  assert.match(stderr, /^a: 32\.0 KiB in 3 pieces, 1 file \(metadata found after /m);
  assert.match(stderr, /interrupted before the hashes of the pieces came/);
});

test('what did not come is named', async () => {
  const run = await runCli(...get('--idle-timeout', '1s', '--quiet'));
  assert.equal(run.status, 4);
  assert.match(run.stderr, /the hashes of the pieces of this version 2 torrent have not come for 1 s/);
});

test('the library has a state for it, and keeps the metadata over a pause', async () => {
  const alone = { dht: false, lsd: false, trackers: false, port: null } as const;
  const session = new Session({ ...alone, shards: 1, output: join(folder, 'out') });
  const [host = '', port = ''] = peer.address.split(':');
  try {
    const torrent = await session.add(MAGNET, { peers: [{ host, port: Number(port) }] });
    const fetching = async (): Promise<void> => {
      for await (const event of torrent.events()) if ('hashPeers' in event && event.hashPeers === 1) return;
    };
    await fetching();
    assert.equal(torrent.stats.state, 'fetching-hashes');
    await torrent.pause();
    const { metadata } = asked;
    await torrent.resume();
    await fetching();
    assert.equal(asked.metadata, metadata);
  } finally {
    await session.close();
  }
});

test('inspect and --dry-run need no hashes', async () => {
  const shown = await runCli('inspect', MAGNET, '--peer', peer.address);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^pieces {6}3 of 16\.0 KiB$/m);
  const planned = await runCli(...get('--dry-run'));
  assert.equal(planned.status, 0, planned.stderr);
  assert.match(planned.stdout, /^files {3}1 file, 32\.0 KiB$/m);
});

test('a race needs none', async () => {
  const race = await runCli(
    'race',
    MAGNET,
    '--peer',
    peer.address,
    '--json',
    '--first-unchoke-timeout',
    '1s',
  );
  assert.ok(race.events.some(({ type }) => type === 'metadata'));
});
