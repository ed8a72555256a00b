/**
 * A torrent of version 2 (BEP 52) needs the hashes of its pieces, which metadata does not have. While peers are asked for them, every
 * output says so, and a command that needs none does not wait.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Session } from '../../src/main/index.ts';
import { ChildLines } from '../support/child-lines.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { givingMetadata } from '../support/giving-metadata.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ourSeed } from '../support/our-seed.ts';
import { withStarted } from '../support/started.ts';
import {
  content,
  hybridParts,
  torrentOfParts,
  version2Parts,
  withLayers,
} from '../support/version2-torrents.ts';
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

/** `share` of what is there. */
async function ourShare(torrent: string, place: string): Promise<{ port: number; stop(): Promise<unknown> }> {
  const run = startCli(['share', torrent, '--data', place, '--no-trackers', '--no-nat', '--json']);
  const { port } = JSON.parse(await run.line((line) => line.includes('"type":"listening"'))) as {
    port: number;
  };
  return {
    port,
    stop: () => {
      run.child.kill('SIGTERM');
      return run.ended;
    },
  };
}

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

/** Two files of several pieces, so that one of two layers may be missing, and one of one piece, which needs no layer. */
const SET = [
  { name: 'a', bytes: content(3 * PIECE + 5, 1) },
  { name: 'b', bytes: content(2 * PIECE, 2) },
  { name: 'c', bytes: content(100, 3) },
];

for (const [kind, parts] of [
  ['version 2', version2Parts(SET, PIECE)],
  ['hybrid', hybridParts(SET, PIECE)],
] as const)
  for (const kept of [0, 1])
    describe(`a .torrent (${kind}) with ${kept} of 2 piece layers`, () => {
      const name = `${kind} ${kept}`;
      const whole = torrentOfParts(parts);
      const torrent = join(folder, `${name}.torrent`);
      const place = join(folder, name);

      before(() => {
        writeFileSync(torrent, withLayers(whole, kept));
        mkdirSync(join(place, 'set'), { recursive: true });
        for (const { name: file, bytes } of SET) writeFileSync(join(place, 'set', file), bytes);
      });

      test('inspect reads it, and says what is missing', async () => {
        const { stdout } = await runCli('inspect', torrent);
        assert.match(
          stdout,
          new RegExp(`^hashes {6}of the pieces of ${kept === 0 ? '2 files' : '1 file'} are missing`, 'm'),
        );
        const { events } = await runCli('inspect', torrent, '--json');
        assert.equal(events[0]?.['unhashedFiles'], 2 - kept);
      });

      test('verify: the root of a file proves it as a whole', async () => {
        const good = await runCli('verify', torrent, place);
        assert.equal(good.status, 0, good.stdout + good.stderr);
        const bad = join(folder, `${name} bad`);
        mkdirSync(join(bad, 'set'), { recursive: true });
        for (const { name: file, bytes } of SET) {
          const copy = Buffer.from(bytes);
          copy[20] = (copy[20] ?? 0) ^ 1;
          writeFileSync(join(bad, 'set', file), copy);
        }
        const { status, events } = await runCli('verify', torrent, bad, '--json');
        assert.equal(status, 6);
        const [verified] = events.filter(({ type }) => type === 'verified');
        const files = verified?.['files'] as { status: string; fault: string | null; badPieces: number }[];
        assert.deepEqual(
          files.map((file) => file.status),
          ['bad', 'bad', 'bad'],
        );
        const unknown = files.filter(({ fault }) => /no hashes of its pieces/.test(fault ?? ''));
        assert.equal(unknown.length, kind === 'hybrid' ? 0 : 2 - kept);
        assert.ok(files.every(({ badPieces }) => badPieces <= 1));
      });

      test('share and get --seed compute them, and get takes them from peers; the saved torrent has them', async () => {
        const [output, saved] = [join(folder, `${name} fetched`), join(folder, `${name} saved.torrent`)];
        await withStarted(async (keep) => {
          const { port } = await keep(
            kept === 0 ? ourSeed(torrent, place, '--no-trackers') : ourShare(torrent, place),
          );
          const address = `127.0.0.1:${port}`;
          const run = await runCli(
            'get',
            torrent,
            '-o',
            output,
            '--peer',
            address,
            '--save-torrent',
            saved,
            '--json',
          );
          assert.equal(run.status, 0, run.stderr);
          const look = await runCli('doctor', torrent, '--peer', address, '--json');
          assert.equal(look.status, 0, look.stderr);
          const race = await runCli('race', torrent, '--peer', address, '--json');
          assert.equal(race.status, 0, race.stderr);
        });
        for (const { name: file, bytes } of SET)
          assert.deepEqual(readFileSync(join(output, 'set', file)), bytes);
        // A hybrid may be complete before its layers are: it does not need them.
        if (kind === 'version 2') assert.deepEqual(readFileSync(saved), whole);
      });
    });

test('get of one that lacks them says so, and the metadata is there at once', async () => {
  const torrent = join(folder, 'bare.torrent');
  writeFileSync(torrent, torrentOfParts({ ...version2Parts(FILES, PIECE), top: {} }));
  const { status, stderr, events } = await runCli(
    ...['get', torrent, '--peer', peer.address, '-o', join(folder, 'bare'), '--idle-timeout', '1s', '--json'],
  );
  assert.equal(status, 4);
  assert.ok(events.some((event) => event['totalHashes'] === 3 && event['hashPeers'] === 1));
  assert.match(stderr, /have not come for 1 s/);
  assert.equal(events.find(({ type }) => type === 'diagnosis')?.['code'], 'no-piece-hashes');
});

test('without layers: an empty file that is there does not stand for the one after it, which is not', async () => {
  const files = [
    { name: 'a', bytes: Buffer.alloc(0) },
    { name: 'b', bytes: content(2 * PIECE, 4) },
    { name: 'c', bytes: content(2 * PIECE, 5) },
  ];
  const torrent = join(folder, 'empty.torrent');
  writeFileSync(torrent, torrentOfParts({ ...version2Parts(files, PIECE), top: {} }));
  const output = join(folder, 'with an empty one');
  const root = join(output, 'set');
  mkdirSync(root, { recursive: true });
  for (const { name, bytes } of files) if (name !== 'b') writeFileSync(join(root, name), bytes);
  const checked = await runCli('verify', torrent, output, '--json');
  assert.equal(checked.status, 6, checked.stderr);
  const run = await runCli('get', torrent, '-o', output, '--no-trackers', '--idle-timeout', '1s');
  assert.doesNotMatch(run.stderr + checked.stderr, /shorter/);
  assert.equal(run.status, 4, run.stderr);
  await (await ourShare(torrent, output)).stop();
});

test('a layer that is wrong stays an error', async () => {
  const torrent = join(folder, 'wrong.torrent');
  const bytes = torrentOfParts(version2Parts(FILES, PIECE));
  const at = bytes.length - 10;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(torrent, bytes);
  const { status, stderr } = await runCli('inspect', torrent);
  assert.equal(status, 3);
  assert.match(stderr, /the layer in "piece layers" does not match the root/);
});

test('a program that pauses it when the metadata comes, or removes it while data on disk is hashed, waits for nobody', async () => {
  const torrent = torrentOfParts({ ...version2Parts(SET, PIECE), top: {} });
  const alone = { dht: false, lsd: false, trackers: false, port: null } as const;
  for (const output of [join(folder, 'version 2 0'), join(folder, 'nothing there')]) {
    const session = new Session({ ...alone, shards: 1, output });
    try {
      const one = await session.add(torrent, {
        peers: [{ host: '127.0.0.1', port: 9 }],
        firstUnchokeTimeout: 0,
      });
      one.completed.catch(() => {});
      await new Promise<void>((resolve, reject) => {
        one.on(({ type }) => {
          if (type === 'metadata') one.pause().then(resolve, reject);
        });
      });
      assert.equal(one.state, 'paused');
      const known = new Promise<void>((resolve) => {
        one.on(({ type }) => {
          if (type === 'metadata') resolve();
        });
      });
      // The first listener pauses it again.
      await one.resume();
      await known;
      await one.remove();
    } finally {
      await session.close();
    }
  }
});
