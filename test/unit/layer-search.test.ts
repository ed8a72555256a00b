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
/** `files`: of the torrent. `wantedBytes`: files that begin before are wanted. */
function begun(files = FILES, wantedBytes = Number.POSITIVE_INFINITY) {
  const { info, top } = version2Parts(files, PIECE);
  const known = parseMetainfo(torrentOfParts({ info, top }), 'test');
  const lacking = parseMetainfo(torrentOfParts({ info, top: {} }), 'test');
  if (known.version2 === null || lacking.version2 === null) throw new Error('both have version 2');
  const answers = new HashAnswers(known.version2, known.geometry);
  const { trees } = lacking.version2;
  const isWanted = ({ offset }: { readonly offset: number }): boolean => offset < wantedBytes;
  const search = new LayerSearch(trees, lacking.version2.files, lacking.geometry, isWanted);
  const give = (request: HashRequest): Uint8Array =>
    answers.to(request)?.hashes ?? assert.fail('it is not there');
  const isKnown = (): boolean =>
    known.version2?.files.every(
      (file) => file.length <= PIECE || layerOf(trees, lacking.geometry, file) !== null,
    ) === true;
  return { search, give, isKnown };
}

/** Its layer is one part. */
const onePart = () => begun(FILES.slice(1, 2));

const peersOf = (asks: readonly HashAsk[]): number[] => asks.map(({ peer }) => peer);

test('parts go to all peers, a few at a time, and fill the layers', () => {
  const { search, give, isKnown } = begun();
  const first = search.next([ONE], 0);
  assert.equal(first.length, HASHES_ASKED_PARTS);
  const second = search.next([ONE, OTHER], 0);
  assert.deepEqual(peersOf(second), [OTHER, OTHER, OTHER, OTHER]);
  const all = [...first, ...second];
  assert.equal(
    new Set(all.map(({ request }) => request)).size,
    PARTS,
    'those that nobody was asked for come first',
  );
  assert.ok(!isKnown());
  for (const { peer, request } of all)
    assert.equal(search.arrived(peer, request, give(request), 10), 'taken');
  assert.ok(search.isOver && isKnown());
});

test('equal files have one layer, which is asked for once and fills all of them', () => {
  const { search, give, isKnown } = begun([
    ...FILES,
    { name: 'd', bytes: content(3 * PIECE, 2) },
    { name: 'e', bytes: content(3 * PIECE, 2) },
  ]);
  assert.deepEqual(search.counts, { wanted: 2_601 + 3 * 3, found: 0 });
  const peers = [1, 2, 3, 4].map(peerIndex);
  const asked = new Set<HashRequest>();
  for (let now = 0; !search.isOver && now < 10; now++)
    for (const { peer, request } of search.next(peers, now)) {
      asked.add(request);
      search.arrived(peer, request, give(request), now);
    }
  assert.ok(search.isOver && isKnown());
  assert.equal(asked.size, PARTS);
  assert.deepEqual(search.counts, { wanted: 2_610, found: 2_610 });
});

test('hundreds of parts that most peers refuse: all are asked of each, in turns', () => {
  const many = Array.from({ length: 600 }, (_, i) => ({
    name: `f${String(i).padStart(3, '0')}`,
    bytes: content(2 * PIECE, i),
  }));
  const { search, give, isKnown } = begun(many);
  const refused = new Set<string>();
  const peers = [1, 2, 3].map(peerIndex);
  let asks = 0;
  let now = 0;
  for (; !search.isOver && now < 60_000; now += 50)
    for (const { peer, request } of search.next(peers, now)) {
      asks += 1;
      const isGiven = peer === 3;
      if (!isGiven) {
        const key = `${peer} ${Buffer.from(request.root).toString('hex')}`;
        assert.ok(!refused.has(key) || now >= HASHES_RETRY_MS, 'not so soon again');
        refused.add(key);
      }
      search.arrived(peer, request, isGiven ? give(request) : null, now);
    }
  assert.ok(search.isOver && isKnown(), `after ${asks} requests`);
});

test('what is wanted is asked for first, and does not wait for the rest', () => {
  const [a = assert.fail(), b = assert.fail()] = FILES;
  const { search, give } = begun(
    [
      { ...b, name: 'a' },
      { ...a, name: 'b' },
    ],
    1,
  );
  assert.deepEqual(search.counts, { wanted: 3, found: 0 });
  const [first = assert.fail()] = search.next([ONE], 0);
  assert.equal(search.hasWanted, false);
  assert.equal(search.arrived(ONE, first.request, give(first.request), 1), 'taken');
  assert.deepEqual([search.hasWanted, search.isOver, search.counts.found], [true, false, 3]);
  assert.ok(search.next([ONE], 2).length > 0, 'the others are asked for still');
});

test('each part is asked of a few peers; what one refuses or does not answer is asked of others', () => {
  const { search } = onePart();
  const peers = [1, 2, 3, 4, 5].map(peerIndex);
  const first = search.next(peers, 0);
  assert.deepEqual(peersOf(first), [1, 2, 3]);
  const [{ request } = assert.fail()] = first;
  assert.deepEqual(search.next(peers, 1), []);
  search.arrived(peerIndex(2), request, null, 5);
  assert.deepEqual(peersOf(search.next(peers, 6)), [4]);
  assert.deepEqual(peersOf(search.next(peers, HASHES_TIMEOUT_MS)), [5], 'two were silent');
  assert.deepEqual(search.next(peers, HASHES_RETRY_MS - 1), [], 'not so soon again');
  assert.deepEqual(peersOf(search.next(peers, HASHES_RETRY_MS + 5)), [2]);
});

test('many that never answer do not keep the search from the one that does', () => {
  const { search, give, isKnown } = onePart();
  const peers = Array.from({ length: 40 }, (_, i) => peerIndex(i));
  let now = 0;
  for (; !search.isOver && now < 120_000; now += 250)
    for (const { peer, request } of search.next(peers, now))
      if (peer === 39) search.arrived(peer, request, give(request), now);
  assert.ok(isKnown());
  assert.ok(now <= 14 * HASHES_TIMEOUT_MS, `after ${now} ms`);
});

test('a peer that left is not waited for', () => {
  const { search } = begun();
  assert.equal(search.next([ONE], 0).length, HASHES_ASKED_PARTS);
  assert.deepEqual(new Set(peersOf(search.next([OTHER], 1))), new Set([OTHER]));
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
