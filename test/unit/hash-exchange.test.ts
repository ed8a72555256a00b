/** Hashes that peers are asked for (BEP 52): of the blocks of several bad pieces at one time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashExchange } from '../../src/main/hashes/hash-exchange.ts';
import { type MainWorld, SYSTEM_MAIN } from '../../src/main/main-world.ts';
import type { Race } from '../../src/main/race/race.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import type { HashRequest } from '../../src/shared/hash-messages.ts';
import { type PieceIndex, peerIndex } from '../../src/shared/indices.ts';
import { MAX_PEER_LEAF_READS } from '../../src/shared/limits.ts';
import { leavesOf } from '../../src/shared/merkle.ts';
import { content, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const PIECE = 65_536;
const PIECES = 7;

test('more bad pieces than a peer answers for at one time: each is asked for in its turn', async () => {
  const time = new VirtualTime();
  const bytes = content(PIECES * PIECE, 1);
  const metainfo = parseMetainfo(torrentOfParts(version2Parts([{ name: 'a', bytes }], PIECE)), 'test');
  const [peer] = [peerIndex(0)];
  const asked: HashRequest[] = [];
  const race = {
    tell: (_: unknown, { requests }: { readonly requests: readonly HashRequest[] }) =>
      asked.push(...requests),
  } as unknown as Race;
  const every: MainWorld['every'] = (ms, work) => {
    let isOver = false;
    time.every(ms, () => !isOver && work());
    return () => {
      isOver = true;
    };
  };
  const exchange = new HashExchange(() => race, { ...SYSTEM_MAIN, now: time.now, every });
  exchange.know(metainfo);
  exchange.heard({ type: 'has-hashes', peer });
  const found = Array.from({ length: PIECES }, (_, piece) => exchange.leavesOf(piece as PieceIndex));
  for (let answered = 0; answered < PIECES; answered++) {
    time.run(300);
    assert.equal(asked.length, Math.min(PIECES, answered + MAX_PEER_LEAF_READS));
    const request = asked[answered] ?? assert.fail();
    const start = request.index * 16_384;
    exchange.heard({ type: 'hashes', peer, request, hashes: leavesOf(bytes.subarray(start, start + PIECE)) });
  }
  for (const [piece, leaves] of (await Promise.all(found)).entries())
    assert.ok(leaves !== null && leavesOf(bytes.subarray(piece * PIECE, (piece + 1) * PIECE)).equals(leaves));
});
