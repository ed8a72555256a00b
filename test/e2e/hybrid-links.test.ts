/** A hybrid has two info hashes (BEP 52): links with one of them and links with both are the same torrent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, Session } from '../../src/main/index.ts';
import { parseMagnet } from '../../src/main/torrent/magnet.ts';
import { keysOf } from '../../src/main/torrent/source.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
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
