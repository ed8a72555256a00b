/** What happens in one simulation, as plain data: made from a seed, and made smaller by the shrinker. */
import { dice } from '../support/dice.ts';
import { PERSONAS, type Roll } from '../support/personas.ts';
import type { DiskFaultPlan } from '../support/virtual-files.ts';
import { TRACKER_KINDS, type TrackerKind } from '../support/virtual-trackers.ts';
import { RUDE_KINDS } from './rude-peers.ts';
import type { ContentPlan } from './sim-content.ts';

/** How we learn of a peer: the user or a magnet link names it, a tracker, another peer, or it connects to us. */
export type KnownBy = 'user' | 'tracker' | 'pex' | 'knock';

export interface PeerPlan {
  /** `seed`: has all. `half`: two of them have all together. `leecher`: gets its pieces while we watch. Or a misbehaviour. */
  readonly kind: 'seed' | 'half' | 'leecher' | 'metadata liar' | string;
  readonly knownBy: KnownBy;
  readonly seed: number;
  readonly bytesPerS: number;
  /** Milliseconds until a connect succeeds, and from then until it unchokes. */
  readonly connectMs: number;
  readonly unchokeMs: number;
  /** Until this moment it is not there. */
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
  readonly preallocates: boolean;
  readonly peers: readonly PeerPlan[];
  readonly trackers: readonly TrackerPlan[];
  readonly webSeeds: readonly WebSeedPlan[];
  /** The user takes it out then, and adds it again after a while. */
  readonly removedAtMs: number | null;
}

/** `no descriptors`: folders are not held by descriptors, as outside Linux. `no links`: a file has one name, as on FAT. */
export const DISK_KINDS = ['plain', 'no descriptors', 'no links'] as const;
export type DiskKind = (typeof DISK_KINDS)[number];

export type EventPlan = { readonly atMs: number } & (
  | { readonly type: 'cut'; readonly percent: number }
  | { readonly type: 'away'; readonly how: 'unreachable' | 'silent'; readonly forMs: number }
  | { readonly type: 'suspend'; readonly forMs: number }
  | { readonly type: 'shard dies' | 'storage thread dies' | 'web-seed thread dies'; readonly which: number }
  | ({ readonly type: 'disk' } & DiskFaultPlan)
  /** The process is killed, and after a while the user begins it again. */
  | { readonly type: 'killed'; readonly losesPower: boolean; readonly forMs: number }
);

export interface Scenario {
  readonly seed: number;
  readonly shards: number;
  readonly hashers: number;
  readonly maxPeers: number;
  readonly halfOpen: number;
  readonly listens: boolean;
  readonly disk: DiskKind;
  readonly torrents: readonly TorrentPlan[];
  readonly events: readonly EventPlan[];
}

const BLOCK = 16_384;
const MOST_PIECES = 24;
/** Events come in this time: most downloads last no longer. */
const EVENTS_MS = 20_000;

export function scenarioOf(seed: number): Scenario {
  const roll = dice(seed);
  // The first throws of neighbouring seeds are alike.
  for (let i = 0; i < 8; i++) roll(2);
  const oneIn = (n: number): boolean => roll(n) === 0;
  // Journals are written every few seconds: a process is killed in downloads that last longer.
  const isKilled = oneIn(4);
  const slowness = isKilled ? 1 + roll(10) : 1;
  const torrents = Array.from({ length: oneIn(3) ? 1 + roll(3) : 1 }, () =>
    torrentPlan(roll, oneIn, slowness),
  );
  const events = Array.from({ length: oneIn(2) ? 0 : 1 + roll(3) }, () => eventPlan(roll));
  const kills = Array.from({ length: isKilled ? 1 + roll(3) : 0 }, () => killPlan(roll));
  return {
    seed,
    shards: 1 + roll(4),
    hashers: 1 + roll(2),
    maxPeers: oneIn(4) ? 1 + roll(8) : 0,
    halfOpen: oneIn(4) ? 1 + roll(8) : 0,
    listens: !oneIn(3),
    disk: oneIn(3) ? (DISK_KINDS[roll(DISK_KINDS.length)] ?? 'plain') : 'plain',
    torrents,
    events: [...events, ...kills],
  };
}

function torrentPlan(roll: Roll, oneIn: (n: number) => boolean, slowness: number): TorrentPlan {
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
    const kinds = ['seed', 'leecher', 'metadata liar', ...PERSONAS, ...RUDE_KINDS];
    return peerPlan(roll, kinds[roll(kinds.length)] ?? 'seed', knownBy(), slowness);
  });
  const webSeeds = oneIn(3)
    ? Array.from({ length: 1 + roll(3) }, (): WebSeedPlan => {
        const kind = oneIn(2) ? 'right' : (WEB_SEED_KINDS[roll(WEB_SEED_KINDS.length)] ?? 'right');
        return { kind, bytesPerS: Math.round((50_000 + roll(1_000_000)) / slowness), seed: roll(1_000_000) };
      })
    : [];
  // At least one source that the promise of liveness rests on.
  const isFedByHttp = webSeeds.some(({ kind }) => kind === 'right') && !isMagnet && oneIn(2);
  const reliable = (): KnownBy => (isAnswered && oneIn(2) ? 'tracker' : 'user');
  const needed = isFedByHttp
    ? []
    : oneIn(4) && !isMagnet
      ? [peerPlan(roll, 'half', reliable(), slowness), peerPlan(roll, 'half', reliable(), slowness)]
      : [peerPlan(roll, 'seed', reliable(), slowness)];
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
    preallocates: oneIn(6),
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

function peerPlan(roll: Roll, kind: string, knownBy: KnownBy, slowness: number): PeerPlan {
  return {
    kind,
    knownBy,
    seed: roll(1_000_000),
    bytesPerS: Math.round((100_000 + roll(1_900_000)) / slowness),
    connectMs: roll(3) === 0 ? roll(2_500) : roll(100),
    unchokeMs: roll(2_000),
    awayUntilMs: roll(5) === 0 ? roll(10_000) : 0,
  };
}

function eventPlan(roll: Roll): EventPlan {
  const atMs = roll(EVENTS_MS);
  switch (roll(10)) {
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
    default:
      return { atMs, type: 'disk', ...faultPlan(roll) };
  }
}

function killPlan(roll: Roll): EventPlan {
  const forMs = 100 + roll(roll(3) === 0 ? 30_000 : 2_000);
  return { atMs: roll(EVENTS_MS), type: 'killed', losesPower: roll(3) === 0, forMs };
}

function faultPlan(roll: Roll): DiskFaultPlan {
  const operation = (['write', 'write', 'flush', 'change'] as const)[roll(4)] ?? 'write';
  const codes = operation === 'write' ? (['ENOSPC', 'EIO', 'SHORT'] as const) : (['ENOSPC', 'EIO'] as const);
  return {
    operation,
    code: codes[roll(codes.length)] ?? 'EIO',
    writes: roll(operation === 'flush' ? 3 : 12),
  };
}
