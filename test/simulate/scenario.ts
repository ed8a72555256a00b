/** The events of one simulation as plain data: drawn from a seed, and reduced by the shrinker. */
import { dice } from '../support/dice.ts';
import { PERSONAS, type Roll } from '../support/personas.ts';
import { TRACKER_KINDS, type TrackerKind } from '../support/virtual-trackers.ts';
import type { ContentPlan } from './sim-content.ts';

/** How we learn of a peer: the user or a magnet link names it, a tracker, another peer, or it connects to us. */
export type KnownBy = 'user' | 'tracker' | 'pex' | 'knock';

export interface PeerPlan {
  /** `seed`: has all pieces. `half`: two together have all. `leecher`: gets its pieces during the run. Or a misbehaviour. */
  readonly kind: 'seed' | 'half' | 'leecher' | 'metadata liar' | string;
  readonly knownBy: KnownBy;
  readonly seed: number;
  readonly bytesPerS: number;
  /** Milliseconds until a connect succeeds, and from then until it unchokes. */
  readonly connectMs: number;
  readonly unchokeMs: number;
  /** It is down until this moment. */
  readonly awayUntilMs: number;
}

export interface TrackerPlan {
  readonly kind: TrackerKind;
  readonly untilMs: number;
}

export const WEB_SEED_KINDS = [
  'right',
  'breaks',
  'lacks files',
  'flips',
  'refused',
  'busy',
  'silent',
] as const;

export interface WebSeedPlan {
  readonly kind: (typeof WEB_SEED_KINDS)[number];
  readonly bytesPerS: number;
  readonly seed: number;
}

export interface TorrentPlan {
  readonly content: ContentPlan;
  readonly startsAtMs: number;
  readonly isMagnet: boolean;
  readonly slots: number;
  readonly order: 'rarest' | 'sequential';
  readonly peers: readonly PeerPlan[];
  readonly trackers: readonly TrackerPlan[];
  readonly webSeeds: readonly WebSeedPlan[];
  /** The user removes it at this moment, and adds it again after a while. */
  readonly removedAtMs: number | null;
}

export type EventPlan = { readonly atMs: number } & (
  | { readonly type: 'cut'; readonly percent: number }
  | { readonly type: 'away'; readonly how: 'unreachable' | 'silent'; readonly forMs: number }
  | { readonly type: 'suspend'; readonly forMs: number }
  | { readonly type: 'shard dies' | 'storage thread dies' | 'web-seed thread dies'; readonly which: number }
  | { readonly type: 'disk'; readonly code: 'ENOSPC' | 'EIO' | 'SHORT'; readonly writes: number }
);

export interface Scenario {
  readonly seed: number;
  readonly shards: number;
  readonly hashers: number;
  readonly maxPeers: number;
  readonly halfOpen: number;
  readonly listens: boolean;
  readonly torrents: readonly TorrentPlan[];
  readonly events: readonly EventPlan[];
}

const BLOCK = 16_384;
const MOST_PIECES = 24;
/** Events happen within this time, because most downloads take no longer. */
const EVENTS_MS = 20_000;

export function scenarioOf(seed: number): Scenario {
  const roll = dice(seed);
  // Neighbouring seeds have similar first numbers.
  for (let i = 0; i < 8; i++) roll(2);
  const oneIn = (n: number): boolean => roll(n) === 0;
  const torrents = Array.from({ length: oneIn(3) ? 1 + roll(3) : 1 }, () => torrentPlan(roll, oneIn));
  const events = Array.from({ length: oneIn(2) ? 0 : 1 + roll(3) }, () => eventPlan(roll));
  return {
    seed,
    shards: 1 + roll(4),
    hashers: 1 + roll(2),
    maxPeers: oneIn(4) ? 1 + roll(8) : 0,
    halfOpen: oneIn(4) ? 1 + roll(8) : 0,
    listens: !oneIn(3),
    torrents,
    events,
  };
}

function torrentPlan(roll: Roll, oneIn: (n: number) => boolean): TorrentPlan {
  const pieces = 1 + roll(MOST_PIECES);
  const pieceLength = oneIn(4) ? BLOCK + roll(5 * BLOCK) : BLOCK * (1 + roll(12));
  const total = (pieces - 1) * pieceLength + 1 + roll(pieceLength);
  const isMagnet = oneIn(5);
  const hasTracker = !oneIn(3);
  const trackers = hasTracker
    ? Array.from({ length: 1 + roll(3) }, (): TrackerPlan => {
        const kind = oneIn(2) ? 'good' : (TRACKER_KINDS[roll(TRACKER_KINDS.length)] ?? 'good');
        return { kind, untilMs: roll(30_000) };
      })
    : [];
  const isAnswered = trackers.some(({ kind }) => kind === 'good' || kind === 'fails at first');
  const knownBy = (): KnownBy => {
    if (isAnswered && oneIn(2)) return 'tracker';
    return oneIn(6) ? 'knock' : oneIn(5) ? 'pex' : 'user';
  };
  const others = Array.from({ length: roll(oneIn(8) ? 40 : 10) }, () => {
    const kinds = ['seed', 'leecher', 'metadata liar', ...PERSONAS];
    return peerPlan(roll, kinds[roll(kinds.length)] ?? 'seed', knownBy());
  });
  const webSeeds = oneIn(3)
    ? Array.from({ length: 1 + roll(3) }, (): WebSeedPlan => {
        const kind = oneIn(2) ? 'right' : (WEB_SEED_KINDS[roll(WEB_SEED_KINDS.length)] ?? 'right');
        return { kind, bytesPerS: 50_000 + roll(1_000_000), seed: roll(1_000_000) };
      })
    : [];
  // The promise to complete needs at least one honest source.
  const isFedByHttp = webSeeds.some(({ kind }) => kind === 'right') && !isMagnet && oneIn(2);
  const reliable = (): KnownBy => (isAnswered && oneIn(2) ? 'tracker' : 'user');
  const needed = isFedByHttp
    ? []
    : oneIn(4) && !isMagnet
      ? [peerPlan(roll, 'half', reliable()), peerPlan(roll, 'half', reliable())]
      : [peerPlan(roll, 'seed', reliable())];
  return {
    content: {
      offset: roll(500_000) * 16,
      pieceLength,
      files: filesOf(total, roll),
      private: oneIn(10) && !isMagnet,
    },
    startsAtMs: oneIn(3) ? roll(10_000) : 0,
    isMagnet,
    slots: 1 + roll(10),
    order: oneIn(4) ? 'sequential' : 'rarest',
    peers: [...others, ...needed],
    trackers,
    webSeeds,
    removedAtMs: oneIn(8) ? roll(8_000) : null,
  };
}

function filesOf(total: number, roll: Roll): number[] {
  const files: number[] = [];
  for (let left = total; left > 0; ) {
    const length = files.length >= 3 || roll(2) === 0 ? left : 1 + roll(left);
    files.push(length);
    left -= length;
  }
  return files;
}

function peerPlan(roll: Roll, kind: string, knownBy: KnownBy): PeerPlan {
  return {
    kind,
    knownBy,
    seed: roll(1_000_000),
    bytesPerS: 100_000 + roll(1_900_000),
    connectMs: roll(3) === 0 ? roll(2_500) : roll(100),
    unchokeMs: roll(2_000),
    awayUntilMs: roll(5) === 0 ? roll(10_000) : 0,
  };
}

function eventPlan(roll: Roll): EventPlan {
  const atMs = roll(EVENTS_MS);
  switch (roll(9)) {
    case 0:
    case 1:
      return { atMs, type: 'cut', percent: 20 + roll(81) };
    case 2:
      return {
        atMs,
        type: 'away',
        how: roll(2) === 0 ? 'unreachable' : 'silent',
        forMs: 500 + roll(roll(3) === 0 ? 90_000 : 8_000),
      };
    case 3:
      return { atMs, type: 'suspend', forMs: 1_000 + roll(600_000) };
    case 4:
    case 5:
      return { atMs, type: 'shard dies', which: roll(4) };
    case 6:
      return { atMs, type: 'storage thread dies', which: roll(2) };
    case 7:
      return { atMs, type: 'web-seed thread dies', which: 0 };
    default: {
      const code = (['ENOSPC', 'EIO', 'SHORT'] as const)[roll(3)] ?? 'EIO';
      return { atMs, type: 'disk', code, writes: roll(12) };
    }
  }
}
