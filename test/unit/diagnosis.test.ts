/** Diagnoses that need a machine with a fault, and a healthy run without any. e2e/doctor produces the others with real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../src/main/doctor/diagnosis.ts';
import { fatesOf, type Living } from '../../src/main/doctor/fates.ts';
import type { Symptoms } from '../../src/main/doctor/symptoms.ts';
import type { CloseCode, CloseStage } from '../../src/shared/close-reason.ts';
import type { PeerIndex, ShardId } from '../../src/shared/indices.ts';
import type { PeerOutcome } from '../../src/shared/messages.ts';
import { NO_TIMES } from '../../src/shared/timeline.ts';

const NONE: Living['stats'] = {
  ...{ dialing: 0, handshaking: 0, choked: 0, unchoked: 0 },
  ...{ redialing: 0, refusedTcp: 0, failedTcp: 0, hungUpTcp: 0 },
};
const living = (known: number, stats: Partial<Living['stats']>, outcomes: PeerOutcome[] = []): Living => ({
  known,
  outcomes,
  isRetrying: ({ retryInMs }) => retryInMs !== null,
  stats: { ...NONE, ...stats },
  now: 100_000,
});

/** How a peer was lost, and whether it is dialled again: that was due long ago. */
const lost = (stage: CloseStage, code: CloseCode, retries = true, peer = 0): PeerOutcome => ({
  peer: peer as PeerIndex,
  shard: 0 as ShardId,
  timeline: { ...NO_TIMES, closed: 1_000 },
  reason: { stage, code },
  client: null,
  peerIdPrefix: null,
  receivedBytes: 0,
  sentBytes: 0,
  transport: 'tcp',
  retryInMs: retries ? 10_000 : null,
});

const healthy: Symptoms = {
  choices: {
    ...{ encryption: 'prefer', proxy: null, interface: null, announceAll: false, halfOpen: null },
    ...{ dhtIsOff: false, trackersAreOff: false, namesPeers: false, namesNodes: false, longer: null },
  },
  sources: {
    ...{
      trackers: 1,
      asked: 1,
      dht: true,
      lsd: true,
      private: false,
      askingTrackers: false,
      askingDht: false,
    },
    heard: [{ tracker: 'http://t/announce', answered: true, text: '9 peers' }],
  },
  place: { isOnline: true, needsOthers: true, interfaceIsGone: false, lackedFamily: null, proxySays: null },
  dataArrives: true,
  known: 9,
  blocked: 0,
  undialled: 0,
  fates: fatesOf(living(9, { dialing: 2, choked: 2, unchoked: 5 })),
  brokenRules: [],
  inSession: 7,
  withoutPieces: 0,
  metadataSearch: null,
  check: null,
  download: {
    missing: 40,
    unavailable: 0,
    example: null,
    hasWebSeeds: false,
    waitingBytes: 10 * 2 ** 20,
    memoryBytes: 128 * 2 ** 20,
  },
  usedUpLimit: null,
  shortages: 0,
  lagP99Ms: 12,
  lagMaxMs: 200,
};
const stuck: Symptoms = { ...healthy, dataArrives: false };
const codes = (more: Partial<Symptoms>) => diagnose({ ...stuck, ...more }).map(({ code }) => code);
const alone = (heard: Symptoms['sources']['heard']): Partial<Symptoms> => ({
  known: 0,
  inSession: 0,
  fates: fatesOf(living(0, {})),
  sources: { ...healthy.sources, heard },
});

test('a healthy run has nothing to complain about', () => assert.deepEqual(diagnose(healthy), []));

test('the disk is the bottleneck: peers are not asked for more, so they are not blamed', () => {
  const download = {
    ...(healthy.download as NonNullable<Symptoms['download']>),
    waitingBytes: 120 * 2 ** 20,
  };
  const [found, ...more] = diagnose({ ...stuck, download });
  assert.deepEqual([found?.code, more], ['disk-slow', []]);
  assert.match(found?.text ?? '', /120\.0 MiB of 128\.0 MiB are waiting to be written/);
});

test('data has arrived just now, but all who sent it are gone: it is not only slow', () => {
  const outcomes = [0, 1].map((peer) => lost('unchoked', 'bad-data', false, peer));
  const gone = { known: 2, inSession: 0, fates: fatesOf(living(2, {}, outcomes)) };
  assert.deepEqual(codes({ ...gone, dataArrives: true }), ['all-banned']);
  const download = { ...(healthy.download as NonNullable<Symptoms['download']>), hasWebSeeds: true };
  assert.deepEqual(codes({ ...gone, download, dataArrives: true }), []);
  const { fates } = healthy;
  assert.deepEqual(codes({ fates: { ...fates, unchoked: 0, choked: 1 }, dataArrives: true }), []);
});

test('the first block comes before the counts that know its sender: the look says that it works', () => {
  const refused = [1, 2].map((peer) => lost('dialing', 'refused', true, peer));
  const stale = { known: 3, inSession: 0, fates: fatesOf(living(3, { dialing: 1 }, refused)) };
  assert.deepEqual(codes({ ...stale, download: null, dataArrives: true }), []);
  assert.deepEqual(codes({ ...stale, download: null, dataArrives: false }), ['all-refuse']);
});

test('while the disk is checked, no peer is to blame, and neither is the disk', () => {
  const check = { bytes: 2 ** 20, totalBytes: 2 ** 30, ms: 12_000 };
  const nobody = { ...alone(healthy.sources.heard), check, download: null };
  const download = {
    ...(healthy.download as NonNullable<Symptoms['download']>),
    waitingBytes: 120 * 2 ** 20,
  };
  assert.deepEqual(codes(nobody), ['checking-disk']);
  assert.deepEqual(codes({ ...nobody, download }), ['checking-disk']);
  assert.deepEqual(codes({ ...nobody, check: null }), ['trackers-empty']);
  assert.equal(
    diagnose({ ...stuck, ...nobody })[0]?.text,
    'what is on disk is checked first, and nothing is downloaded before: 1.0 MiB of 1.0 GiB so far',
  );
  assert.equal(
    diagnose({ ...stuck, check: { ...check, totalBytes: 0 } })[0]?.text,
    'what is on disk is checked first, and nothing is downloaded before',
  );
});

test('the upload limit is used up: only of a download, and only if most peers choke us', () => {
  const [limit, choking] = [65_536, { fates: fatesOf(living(9, { dialing: 2, choked: 7 })) }];
  assert.deepEqual(codes({ usedUpLimit: limit, ...choking }), ['upload-limit']);
  assert.deepEqual(codes({ usedUpLimit: limit, ...choking, dataArrives: true }), ['upload-limit']);
  assert.deepEqual(codes({ usedUpLimit: null, ...choking }), ['all-choke']);
  assert.deepEqual(codes({ usedUpLimit: limit, ...choking, download: null }), ['all-choke']);
  const few = { fates: fatesOf(living(9, { dialing: 2, choked: 2, unchoked: 5 })) };
  assert.deepEqual(codes({ usedUpLimit: limit, ...few }), ['all-silent']);
  const [found] = diagnose({ ...stuck, ...choking, usedUpLimit: limit });
  assert.equal(found?.text, 'our upload limit of 64.0 KiB/s is used up, and all 7 peers choke us');
});

test('certificates that are out of date by our clock', () => {
  const failed = { tracker: 'https://t/announce', answered: false, text: 'certificate is not yet valid' };
  assert.deepEqual(codes(alone([failed])), ['clock']);
});

test('if one tracker answered, the failures of others are no cause', () => {
  const failed = { tracker: 'udp://u', answered: false, text: 'no program listens there' };
  assert.deepEqual(codes(alone([...healthy.sources.heard, failed])), ['trackers-empty']);
});

test('why there is no metadata: no peer has it, the peers that have it do not send it, or they left', () => {
  const told = (search: Partial<NonNullable<Symptoms['metadataSearch']>>, inSession = 7) => {
    const metadataSearch = {
      offers: 0,
      refusing: 0,
      silent: 0,
      left: 0,
      wrong: 0,
      pieceHashes: null,
      ...search,
    };
    const { withoutPieces, download } = { withoutPieces: null, download: null };
    const [found] = diagnose({ ...stuck, metadataSearch, inSession, withoutPieces, download });
    return found?.text ?? null;
  };
  assert.equal(told({}), 'none of the 7 connected peers has the metadata of this magnet link');
  assert.equal(told({}, 1), 'the only connected peer does not have the metadata of this magnet link');
  assert.match(
    told({ offers: 3, refusing: 2, silent: 1 }) ?? '',
    /^3 peers have .* none sends it: 2 refuse, 1 does not answer$/,
  );
  assert.equal(told({ offers: 3, refusing: 2 }), null, 'one is on its way');
  assert.equal(
    told({ offers: 1, refusing: 1 }),
    'the only peer that has the metadata of this magnet link refuses to send it',
  );
  assert.equal(
    told({ wrong: 1 }),
    'a peer sent wrong metadata for this magnet link: it failed the hash check',
  );
  assert.equal(told({ offers: 2, wrong: 1 }), null, 'another may have it');
  assert.match(told({ left: 2 }) ?? '', /^2 peers have .*, but they left without sending it$/);
});

test('each peer has one fate: a redial in progress counts as its last end, a peer that is back counts as it is', () => {
  const some = (of: ReturnType<typeof fatesOf>) =>
    Object.fromEntries(Object.entries(of).filter(([, peers]) => peers > 0));
  assert.deepEqual(some(fatesOf(living(1, { dialing: 1 }))), { silent: 1 });
  assert.deepEqual(
    some(fatesOf(living(1, { dialing: 1, redialing: 1 }, [lost('dialing', 'refused')]))),
    { refused: 1 },
    'it is dialled again',
  );
  assert.deepEqual(
    some(
      fatesOf(living(2, { choked: 1 }, [lost('dialing', 'refused'), lost('dialing', 'refused', true, 1)])),
    ),
    { refused: 1, choked: 1 },
    'one is back',
  );
  assert.deepEqual(some(fatesOf(living(1, { dialing: 1, refusedTcp: 1 }))), { refused: 1 }, 'uTP is tried');
  assert.deepEqual(some(fatesOf(living(1, { refusedTcp: 1 }))), { refused: 1 }, 'uTP will be tried');
  assert.deepEqual(some(fatesOf(living(1, { dialing: 1, hungUpTcp: 1 }))), { 'hung-up': 1 });
  assert.deepEqual(some(fatesOf(living(3, { dialing: 1 }))), { silent: 1, waiting: 2 });
  assert.deepEqual(
    some(fatesOf(living(1, { handshaking: 1 }, [lost('handshaking', 'wrong-info-hash', false)]))),
    { 'other-torrent': 1 },
    'its end is newer than the count of handshakes',
  );
});

test('a peer that is this client itself: said to be the only one only if it is', () => {
  const look = (hangUps: number) => {
    const ourselves = [0, 1].map((peer) => lost('handshaking', 'self', false, peer));
    const others = Array.from({ length: hangUps }, (_, i) =>
      lost('handshaking', 'closed-by-peer', false, 2 + i),
    );
    const fates = fatesOf(living(2 + hangUps, {}, [...ourselves, ...others]));
    return diagnose({ ...healthy, dataArrives: false, fates }).map(({ code, text }) => [code, text]);
  };
  assert.deepEqual(look(0), [
    ['only-ourselves', 'the only address that answers is the one of this client itself'],
  ]);
  assert.deepEqual(look(1), [
    ['peers-differ', 'no peer gives data: 1 sent no handshake, 2 are this client itself'],
  ]);
});

test('a machine without IPv6, and one without a network', () => {
  const place = { ...healthy.place, lackedFamily: 6 as const };
  const fates = fatesOf(
    living(
      2,
      {},
      [0, 1].map((peer) => ({
        ...lost('queued', 'unreachable', false, peer),
        reason: { stage: 'queued', code: 'unreachable', detail: 'no way to IPv6 from here' },
      })),
    ),
  );
  const [found] = diagnose({ ...stuck, known: 2, inSession: 0, place, fates });
  assert.equal(found?.text, 'both peers have IPv6 addresses, and this machine has no IPv6 address');
  assert.deepEqual(codes({ inSession: 0, place: { ...place, isOnline: false } }), ['offline']);
  assert.equal(
    codes({ place: { ...place, isOnline: false, needsOthers: false } }).includes('offline'),
    false,
  );
});

test('trackers that know nobody: a DHT that does not answer is named beside them', () => {
  const empty = { tracker: 'http://t/announce', answered: true, text: '0 peers' };
  const silent = { tracker: 'dht', answered: false, text: 'no node answered' };
  const found = diagnose({
    ...healthy,
    sources: { ...healthy.sources, heard: [empty, silent] },
    ...{ dataArrives: false, known: 0, fates: fatesOf(living(0, {})) },
  });
  assert.deepEqual(
    found.map(({ text }) => text),
    ['the tracker answers, but knows no peer: http://t/announce; the DHT does not answer'],
  );
});
