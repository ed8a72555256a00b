/** What happens in one simulation, as plain data: made from a seed, and made smaller by the shrinker. */
import type { Encryption } from '../../src/shared/messages.ts';
import { dice } from '../support/dice.ts';
import type { Speech } from '../support/encrypted-peer.ts';
import { PERSONAS, type Roll } from '../support/personas.ts';
import { TRACKER_KINDS, type TrackerKind } from '../support/virtual-trackers.ts';
import { RUDE_KINDS } from './rude-peers.ts';
import { type EventPlan, eventsOf } from './scenario-events.ts';
import type { ContentPlan } from './sim-content.ts';
import type { OldFilesPlan } from './sim-old-files.ts';

/** How we learn of a peer: the user or a magnet link names it, a tracker, the DHT, another peer, or it connects to us. */
export type KnownBy = 'user' | 'tracker' | 'dht' | 'pex' | 'knock';

export interface PeerPlan {
  /**
   * `seed`: has all pieces. `half`: two together have all. `leecher`: gets its pieces during the run. `trader`: has half of them and
   * gives when it got something. Or a misbehaviour.
   */
  readonly kind: 'seed' | 'half' | 'leecher' | 'trader' | 'metadata liar' | string;
  readonly knownBy: KnownBy;
  readonly seed: number;
  readonly bytesPerS: number;
  /** Milliseconds until a connect succeeds, and from then until it unchokes. */
  readonly connectMs: number;
  readonly unchokeMs: number;
  /** It is down until this moment. */
  readonly awayUntilMs: number;
  readonly speaks: Speech;
  readonly over: 'tcp' | 'utp' | 'both';
}

export interface TrackerPlan {
  readonly kind: TrackerKind;
  readonly way: 'http' | 'udp';
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

/** Somebody reads a file from this byte on while the torrent downloads. */
export interface ReaderPlan {
  readonly file: number;
  readonly start: number;
  readonly atMs: number;
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
  /** The user removes it at this moment, and adds it again after a while. */
  readonly removedAtMs: number | null;
  readonly readers: readonly ReaderPlan[];
  /** An older version of it is in a folder that the user names (`reuse`); null, or left out: there is none. */
  readonly old?: OldFilesPlan | null;
}

/** `no descriptors`: folders are not held by descriptors, as outside Linux. `no links`: a file has one name, as on FAT. */
export const DISK_KINDS = ['plain', 'no descriptors', 'no links'] as const;
export type DiskKind = (typeof DISK_KINDS)[number];

/** How the session finds peers and speaks to them. */
export interface Ways {
  readonly dht: boolean;
  readonly encryption: Encryption;
  readonly utp: boolean;
}

export interface Scenario extends Ways {
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
const MOST_PIECES = 20;

export function scenarioOf(seed: number): Scenario {
  const roll = dice(seed);
  // Neighbouring seeds have similar first numbers.
  for (let i = 0; i < 8; i++) roll(2);
  const oneIn = (n: number): boolean => roll(n) === 0;
  // Journals are written every few seconds: a process is killed in downloads that last longer.
  const isKilled = oneIn(4);
  const slowness = isKilled ? 1 + roll(10) : 1;
  const encryption = oneIn(3) ? 'prefer' : oneIn(6) ? 'require' : 'off';
  const versionOf = versionsOf(seed);
  const ways: Ways = { dht: oneIn(3), encryption, utp: oneIn(3) };
  const oldOf = oldFilesOf(seed);
  const torrents = Array.from({ length: oneIn(3) ? 1 + roll(3) : 1 }, () => ({
    ...torrentPlan(roll, oneIn, slowness, ways, versionOf),
    old: oldOf(),
  }));
  return {
    seed,
    shards: 1 + roll(4),
    hashers: 1 + roll(2),
    maxPeers: oneIn(4) ? 1 + roll(8) : 0,
    halfOpen: oneIn(4) ? 1 + roll(8) : 0,
    listens: !oneIn(3),
    disk: oneIn(3) ? (DISK_KINDS[roll(DISK_KINDS.length)] ?? 'plain') : 'plain',
    ...ways,
    torrents,
    events: eventsOf(roll, isKilled),
  };
}

type Version = Required<Pick<ContentPlan, 'version' | 'pieceLength'>>;

/** Its draws are its own, so that everything else of a seed is as it was before there were versions. */
function versionsOf(seed: number): (pieceLength: number) => Version {
  const roll = dice(seed ^ 0x52);
  return (pieceLength) => {
    const drawn = roll(10);
    if (drawn > 3) return { version: 'v1', pieceLength };
    return { version: drawn > 1 ? 'v2' : 'hybrid', pieceLength: BLOCK * 2 ** roll(4) };
  };
}

/** Its draws are its own, too. */
function oldFilesOf(seed: number): () => OldFilesPlan | null {
  const roll = dice(seed ^ 0x0dd);
  return () => {
    if (roll(4) > 0) return null;
    return {
      seed: roll(1_000_000),
      changedPercent: [0, 10, 30, 60, 100][roll(5)] ?? 0,
      how: (['same', 'same', 'renamed', 'moved'] as const)[roll(4)] ?? 'same',
      changesAtMs: roll(3) === 0 ? roll(1_000) : null,
    };
  };
}

function torrentPlan(
  roll: Roll,
  oneIn: (n: number) => boolean,
  slowness: number,
  ways: Ways,
  versionOf: (pieceLength: number) => Version,
): TorrentPlan {
  const { dht } = ways;
  const pieces = 1 + roll(MOST_PIECES);
  const drawn = oneIn(4) ? BLOCK + roll(5 * BLOCK) : BLOCK * (1 + roll(8));
  const { version, pieceLength } = versionOf(drawn);
  const total = (pieces - 1) * pieceLength + 1 + roll(pieceLength);
  const isMagnet = oneIn(5);
  const hasTracker = !oneIn(3);
  const trackers = hasTracker
    ? Array.from({ length: 1 + roll(3) }, (): TrackerPlan => {
        const kind = oneIn(2) ? 'good' : (TRACKER_KINDS[roll(TRACKER_KINDS.length)] ?? 'good');
        return { kind, way: oneIn(3) ? 'udp' : 'http', untilMs: roll(30_000) };
      })
    : [];
  const isAnswered = trackers.some(({ kind }) => kind === 'good' || kind === 'fails at first');
  const knownBy = (): KnownBy => {
    if (isAnswered && oneIn(2)) return 'tracker';
    if (dht && oneIn(3)) return 'dht';
    return oneIn(6) ? 'knock' : oneIn(5) ? 'pex' : 'user';
  };
  const others = Array.from({ length: roll(oneIn(8) ? 40 : 10) }, () => {
    const kinds = [
      'seed',
      'leecher',
      'trader',
      'trader',
      'trader',
      'metadata liar',
      ...PERSONAS,
      ...RUDE_KINDS,
    ];
    return peerPlan(roll, kinds[roll(kinds.length)] ?? 'seed', knownBy(), slowness);
  });
  const webSeeds = oneIn(3)
    ? Array.from({ length: 1 + roll(3) }, (): WebSeedPlan => {
        const kind = oneIn(2) ? 'right' : (WEB_SEED_KINDS[roll(WEB_SEED_KINDS.length)] ?? 'right');
        return { kind, bytesPerS: Math.round((50_000 + roll(1_000_000)) / slowness), seed: roll(1_000_000) };
      })
    : [];
  // The promise to complete needs at least one honest source.
  const isFedByHttp = webSeeds.some(({ kind }) => kind === 'right') && !isMagnet && oneIn(2);
  const isPrivate = oneIn(10) && !isMagnet;
  const reliable = (): KnownBy => {
    if (isAnswered && oneIn(2)) return 'tracker';
    return dht && !isPrivate && oneIn(2) ? 'dht' : 'user';
  };
  const neededPlan = (kind: 'seed' | 'half'): PeerPlan => {
    const plan = peerPlan(roll, kind, reliable(), slowness);
    return isWithinReach(plan, ways) ? plan : { ...plan, speaks: 'both', over: 'both' };
  };
  const needed = isFedByHttp
    ? []
    : oneIn(4) && !isMagnet
      ? [neededPlan('half'), neededPlan('half')]
      : [neededPlan('seed')];
  return {
    content: {
      offset: roll(500_000) * 16,
      pieceLength,
      files: filesOf(total, roll),
      private: isPrivate,
      version,
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
    readers: Array.from({ length: oneIn(5) ? 1 + roll(3) : 0 }, () => ({
      file: roll(4),
      start: roll(total),
      atMs: roll(4_000),
    })),
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
    speaks: (['both', 'both', 'plain', 'encrypted'] as const)[roll(4)] ?? 'both',
    over: (['both', 'tcp', 'tcp', 'utp'] as const)[roll(4)] ?? 'both',
  };
}

/** We can speak to it as it wants. */
export function isWithinReach(
  { speaks, over }: Pick<PeerPlan, 'speaks' | 'over'>,
  { encryption, utp }: Ways,
): boolean {
  const refused: Readonly<Record<Encryption, Speech | null>> = {
    off: 'encrypted',
    prefer: null,
    require: 'plain',
  };
  return speaks !== refused[encryption] && (utp || over !== 'utp');
}
