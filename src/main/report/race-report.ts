/**
 * The result of a race as plain data: the funnel of addresses, why peers were lost, how long each stage took by client family.
 * The text report prints it and `--json` writes it unchanged.
 */
import type { CloseCode, CloseStage } from '../../shared/close-reason.ts';
import type { PeerOutcome, ShardStats, Strategy } from '../../shared/messages.ts';
import type { Timeline } from '../../shared/timeline.ts';
import type { Bytes, Count, Index, Milliseconds, PeerAddress } from '../quantities.ts';
import { clientFamily } from '../race/client-family.ts';
import type { Race } from '../race/race.ts';

/** How far the addresses came. */
export interface Funnel {
  readonly addresses: Count;
  readonly dialled: Count;
  readonly connected: Count;
  readonly handshaken: Count;
  readonly unchoked: Count;
  readonly gaveData: Count;
}

/** The funnel from top to bottom, with names for people. */
export function funnelRows(funnel: Funnel): readonly (readonly [name: string, count: number])[] {
  return [
    ['addresses', funnel.addresses],
    ['dialled', funnel.dialled],
    ['connected', funnel.connected],
    ['handshaken', funnel.handshaken],
    ['unchoked us', funnel.unchoked],
    ['gave data', funnel.gaveData],
  ];
}

export interface Loss {
  readonly stage: CloseStage;
  readonly code: CloseCode;
  readonly count: Count;
}

/** Of `n` values. */
export interface Percentiles {
  readonly n: Count;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export const STAGES = ['dial', 'connect', 'handshake', 'unchoke', 'firstBlock'] as const;
export type Stage = (typeof STAGES)[number];

/** Names of the stages for people. */
export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  dial: 'its turn',
  connect: 'connect',
  handshake: 'handshake',
  unchoke: 'unchoke',
  firstBlock: 'first block',
};

export interface StageTimes {
  readonly stage: Stage;
  /** `all`, or a client family. Before the handshake the family is unknown. */
  readonly family: string;
  readonly ms: Percentiles;
}

export interface ShardLine {
  readonly shard: Index;
  readonly peers: Count;
  /** How late its timers were: median. */
  readonly lagP50Ms: Milliseconds;
  readonly lagP99Ms: Milliseconds;
  readonly lagMaxMs: Milliseconds;
}

export interface PeerLine {
  readonly peer: PeerAddress;
  readonly family: string;
  /** Bytes of blocks that it gave us, and that it got from us. */
  readonly bytes: Bytes;
  readonly given: Bytes;
}

/** How far the peers of one source or transport came. */
export interface Yield {
  readonly name: string;
  readonly addresses: Count;
  readonly connected: Count;
  readonly handshaken: Count;
  readonly unchoked: Count;
  readonly gaveData: Count;
}

export interface RaceReport {
  readonly strategy: Strategy;
  /** Milliseconds to the first unchoke; null if no peer unchoked us. */
  readonly ttfuMs: Milliseconds | null;
  readonly firstUnchoke: {
    readonly peer: PeerAddress;
    readonly family: string;
    readonly shard: Index;
  } | null;
  /** Milliseconds to the first block; null if none arrived. */
  readonly firstBlockMs: Milliseconds | null;
  readonly funnel: Funnel;
  /** Why peers were lost. */
  readonly lost: readonly Loss[];
  /** By source of the address; `incoming` are incoming peers. */
  readonly sources: readonly Yield[];
  /** By transport; only connected peers. */
  readonly transports: readonly Yield[];
  readonly stages: readonly StageTimes[];
  readonly shards: readonly ShardLine[];
  /** The peers that gave most. */
  readonly peers: readonly PeerLine[];
  /** Addresses beyond the limit; they were never tried. */
  readonly notKept: Count;
  /** Addresses on the user's blocklist. */
  readonly blocked: Count;
  /** Times that dialling paused because this process was out of descriptors or ports. */
  readonly shortages: Count;
  /** Bytes of blocks that peers sent. */
  readonly blockBytes: Bytes;
  /** Bytes that arrived twice, without a request, or bad. */
  readonly wastedBytes: Bytes;
  /** Bytes of blocks that peers got from us, and how many peers. */
  readonly sentBytes: Bytes;
  readonly peersGiven: Count;
  /** Of the peers that got data from us: those that unchoked us. */
  readonly peersReturned: Count;
}

const TOP_PEERS = 10;

/** Call after the race has stopped: then every address has an outcome. `wastedElsewhere`: bytes thrown away outside the shards. */
export function raceReport(race: Race, strategy: Strategy, wastedElsewhere = 0): RaceReport {
  const outcomes = [...race.peers.outcomes];
  const first = race.firsts.unchoke;
  const firstOutcome = first === null ? undefined : race.peers.outcomeOf(first.peer);
  const stats = race.shardStats.filter((entry) => entry !== null);
  const given = outcomes.filter(({ sentBytes }) => sentBytes > 0);
  return {
    strategy,
    ttfuMs: race.firsts.ttfuMs,
    firstUnchoke:
      first === null
        ? null
        : { peer: race.peers.nameOf(first.peer), family: familyOf(firstOutcome), shard: first.shard },
    firstBlockMs: race.firsts.firstBlockMs,
    funnel: funnelOf(
      outcomes.filter(({ peer }) => !race.peers.isAccepted(peer)),
      race.peers.size,
    ),
    lost: lossesOf(outcomes),
    sources: yields(outcomes, ({ peer }) => race.peers.at(peer).source),
    transports: yields(
      outcomes.filter(({ timeline }) => timeline.connected !== null),
      ({ transport }) => transport,
    ),
    stages: stageTimes(outcomes, race.firsts.startedAt ?? 0),
    shards: shardLines(race.shardStats),
    peers: topPeers(race, outcomes),
    notKept: race.peers.refused,
    blocked: race.peers.blocked,
    shortages: sum(stats, (entry) => entry.shortages),
    blockBytes: sum(stats, (entry) => entry.blockBytes),
    wastedBytes: sum(stats, (entry) => entry.wastedBytes) + wastedElsewhere,
    sentBytes: sum(stats, ({ sentBytes }) => sentBytes),
    peersGiven: given.length,
    peersReturned: given.filter(({ timeline }) => timeline.unchoked !== null).length,
  };
}

function funnelOf(outcomes: readonly PeerOutcome[], addresses: number): Funnel {
  const reached = (stage: keyof Timeline) =>
    outcomes.filter(({ timeline }) => timeline[stage] !== null).length;
  return {
    addresses,
    dialled: reached('dialed'),
    connected: reached('connected'),
    handshaken: reached('handshaken'),
    unchoked: reached('unchoked'),
    gaveData: reached('firstBlock'),
  };
}

/** The most useful first. */
function yields(outcomes: readonly PeerOutcome[], nameOf: (outcome: PeerOutcome) => string): Yield[] {
  const groups = new Map<string, PeerOutcome[]>();
  for (const outcome of outcomes) {
    const name = nameOf(outcome);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [outcome]);
    else group.push(outcome);
  }
  const rows = [...groups].map(([name, group]) => {
    const { addresses, connected, handshaken, unchoked, gaveData } = funnelOf(group, group.length);
    return { name, addresses, connected, handshaken, unchoked, gaveData };
  });
  return rows.sort((a, b) => b.gaveData - a.gaveData || b.unchoked - a.unchoked || b.addresses - a.addresses);
}

/** Why peers were lost, in the order of the stages, the most frequent first. */
function lossesOf(outcomes: readonly PeerOutcome[]): Loss[] {
  const order: readonly CloseStage[] = ['queued', 'dialing', 'handshaking', 'choked', 'unchoked'];
  const counts = new Map<string, Loss>();
  for (const { reason } of outcomes) {
    const key = `${reason.stage} ${reason.code}`;
    counts.set(key, { stage: reason.stage, code: reason.code, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort(
    (a, b) => order.indexOf(a.stage) - order.indexOf(b.stage) || b.count - a.count,
  );
}

/** `dial` is the wait from the start of the race until the address is dialled. */
const SPANS: Readonly<Record<Exclude<Stage, 'dial'>, readonly [keyof Timeline, keyof Timeline]>> = {
  connect: ['dialed', 'connected'],
  handshake: ['connected', 'handshaken'],
  unchoke: ['handshaken', 'unchoked'],
  firstBlock: ['unchoked', 'firstBlock'],
};

/** A stage that came in another order has no duration: blocks of an allowed-fast set (BEP 6) arrive before any unchoke. */
export function stageTimes(outcomes: readonly PeerOutcome[], startedAt: number): StageTimes[] {
  return STAGES.flatMap((stage) => {
    const byFamily = new Map<string, number[]>();
    for (const outcome of outcomes) {
      const from = stage === 'dial' ? startedAt : outcome.timeline[SPANS[stage][0]];
      const to = outcome.timeline[stage === 'dial' ? 'dialed' : SPANS[stage][1]];
      if (from === null || to === null || to < from) continue;
      const families = stage === 'dial' || stage === 'connect' ? ['all'] : ['all', familyOf(outcome)];
      for (const family of families) {
        const times = byFamily.get(family) ?? [];
        times.push(to - from);
        byFamily.set(family, times);
      }
    }
    return [...byFamily].map(([family, times]) => ({ stage, family, ms: percentiles(times) }));
  });
}

/** Nearest-rank percentiles of at least one value. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { n: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

function shardLines(stats: readonly (ShardStats | null)[]): ShardLine[] {
  return stats.flatMap((entry, shard) =>
    entry === null
      ? []
      : [
          {
            shard,
            peers: entry.dialed,
            lagP50Ms: entry.lagP50Ms,
            lagP99Ms: entry.lagP99Ms,
            lagMaxMs: entry.lagMaxMs,
          },
        ],
  );
}

function topPeers(race: Race, outcomes: readonly PeerOutcome[]): PeerLine[] {
  return outcomes
    .filter(({ receivedBytes }) => receivedBytes > 0)
    .sort((a, b) => b.receivedBytes - a.receivedBytes)
    .slice(0, TOP_PEERS)
    .map((outcome) => ({
      peer: race.peers.nameOf(outcome.peer),
      family: familyOf(outcome),
      bytes: outcome.receivedBytes,
      given: outcome.sentBytes,
    }));
}

function familyOf(outcome: PeerOutcome | undefined): string {
  return outcome === undefined ? 'unknown' : clientFamily(outcome.client, outcome.peerIdPrefix);
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
