/** The search for piece layers (BEP 52): who is asked for what, and what happens when a peer refuses, is silent or lies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashAnswers } from '../../src/main/hashes/hash-answers.ts';
import { type HashAsk, LayerSearch } from '../../src/main/hashes/layer-search.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { layerOf } from '../../src/main/torrent/piece-layers.ts';
import type { HashRequest } from '../../src/shared/hash-messages.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import { HASHES_ASKED_PARTS, HASHES_RETRY_MS, HASHES_TIMEOUT_MS } from '../../src/shared/limits.ts';
import { content, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';

const PIECE = 16_384;
const [ONE, OTHER] = [peerIndex(1), peerIndex(2)];
const FILES = [
  { name: 'a', bytes: content(2_600 * PIECE + 9, 1) },
  { name: 'b', bytes: content(3 * PIECE, 2) },
  { name: 'c', bytes: content(7, 3) },
];
const PARTS = 6 + 1;
const { info, top } = version2Parts(FILES, PIECE);
const WHOLE = torrentOfParts({ info, top });
const BARE = torrentOfParts({ info, top: {} });

function begun() {
  const known = parseMetainfo(WHOLE, 'test');
  const lacking = parseMetainfo(BARE, 'test', { mayLackLayers: true });
  if (known.version2 === null || lacking.version2 === null) throw new Error('both have version 2');
  const answers = new HashAnswers(known.version2, known.geometry);
  const { trees, files } = lacking.version2;
  const search = new LayerSearch(trees, files, lacking.geometry);
  const give = (request: HashRequest): Uint8Array =>
    answers.to(request)?.hashes ?? assert.fail('it is not there');
  const isKnown = (): boolean =>
    files.every((file) => file.length <= PIECE || layerOf(trees, lacking.geometry, file) !== null);
  return { search, give, isKnown };
}

const peersOf = (asks: readonly HashAsk[]): number[] => asks.map(({ peer }) => peer);

test('parts go to all peers, a few at a time, and fill the layers', () => {
  const { search, give, isKnown } = begun();
  const first = search.next([ONE], 0);
  assert.equal(first.length, HASHES_ASKED_PARTS);
  const second = search.next([ONE, OTHER], 0);
  assert.deepEqual(peersOf(second), [OTHER, OTHER, OTHER]);
  assert.equal(first.length + second.length, PARTS);
  assert.ok(!isKnown());
  for (const { peer, request } of [...first, ...second])
    assert.equal(search.arrived(peer, request, give(request), 10), 'taken');
  assert.ok(search.isOver && isKnown());
});

test('what is refused or not answered is asked of another peer, and of the same one later', () => {
  const { search, give } = begun();
  const [ask] = search.next([ONE], 0);
  assert.ok(ask !== undefined);
  assert.equal(search.arrived(ONE, ask.request, null, 5), 'taken');
  const again = search.next([ONE], 6);
  assert.ok(
    again.every(({ request }) => request !== ask.request),
    'not at once',
  );
  const other = search.next([ONE, OTHER], 7).find(({ request }) => request === ask.request);
  assert.equal(other?.peer, OTHER);
  assert.deepEqual(search.next([ONE, OTHER], HASHES_TIMEOUT_MS - 1), []);
  const late = search.next([ONE, OTHER], HASHES_TIMEOUT_MS + 7);
  assert.ok(late.length > 0 && late.every(({ request }) => request !== ask.request), 'both failed with it');
  const once = search.next([ONE, OTHER], HASHES_RETRY_MS + 6).map(({ request }) => request);
  assert.ok(once.includes(ask.request), 'the first one may be asked again');
  assert.equal(search.arrived(OTHER, ask.request, give(ask.request), HASHES_RETRY_MS + 7), 'taken');
});

test('a peer that left is not waited for', () => {
  const { search } = begun();
  assert.equal(search.next([ONE], 0).length, HASHES_ASKED_PARTS);
  assert.equal(search.next([OTHER], 1).length, HASHES_ASKED_PARTS);
});

test('a lie is found at once, costs one part, and changes nothing', () => {
  const { search, give, isKnown } = begun();
  const [ask] = search.next([ONE], 0);
  assert.ok(ask !== undefined);
  const wrong = Uint8Array.from(give(ask.request));
  wrong[40] = (wrong[40] ?? 0) ^ 1;
  assert.equal(search.arrived(ONE, ask.request, wrong, 5), 'lie');
  assert.equal(search.arrived(ONE, ask.request, new Uint8Array(0), 5), 'lie', 'nor without hashes');
  const unasked = { ...ask.request, index: 1, proofs: 3 };
  assert.equal(search.arrived(ONE, unasked, wrong, 6), 'taken', 'what nobody wants is passed over');
  for (let now = 10; !search.isOver; now++)
    for (const { peer, request } of search.next([OTHER], now))
      search.arrived(peer, request, give(request), now);
  assert.ok(isKnown());
});
