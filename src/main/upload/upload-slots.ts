/**
 * The peers that may request blocks from us, of all torrents of a session: hears from the shards which peers want data, and tells
 * them what was decided (`choker.ts`).
 */

import type { Contender } from '../../shared/contender.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { CONTENDERS_MS, RECHOKE_MS, REFILL_MS, UNHEARD_MS } from '../../shared/limits.ts';
import type { MainWorld } from '../main-world.ts';
import { Candidate } from './candidate.ts';
import { choose } from './choker.ts';
import { UploadPlaces } from './upload-places.ts';

/** What the choice needs of a torrent. */
export interface GivingTorrent {
  /** It has all that it wants. */
  complete(): boolean;
  choose(unchoke: readonly PeerIndex[], choke: readonly PeerIndex[]): void;
}

/** The candidates of one torrent. */
export interface TorrentSlots {
  heard(contenders: readonly Contender[]): void;
  /** `sentBytes`: of blocks, in all. */
  gone(peers: readonly { readonly peer: PeerIndex; readonly sentBytes: number }[]): void;
  /** Peers that want data from us, and those of them that may request it. */
  readonly counts: { readonly wanting: number; readonly served: number };
  /** The torrent leaves the session. */
  leave(): void;
}

type Candidates = Map<PeerIndex, Candidate>;
/** When connected peers that want nothing now were last choked: who wants data again is not new. */
type Rested = Map<PeerIndex, number>;

export class UploadSlots {
  readonly #world: Pick<MainWorld, 'now' | 'every' | 'later'>;
  readonly #places: UploadPlaces;
  readonly #torrents = new Map<GivingTorrent, Candidates>();
  #endTicks: (() => void) | null = null;
  #endRefill: (() => void) | null = null;
  #rechokedAt = Number.NEGATIVE_INFINITY;
  /** Bytes that peers have got since the last look at the uplink. */
  #gotBytes = 0;

  /** `limit`: bytes per second; 0 is none. */
  constructor(limit: number, world: Pick<MainWorld, 'now' | 'every' | 'later'>) {
    this.#places = new UploadPlaces(limit);
    this.#world = world;
  }

  /** The upload limit keeps data from peers that want it. */
  get isLimitUsedUp(): boolean {
    return this.#endTicks !== null && this.#places.isLimitUsedUp;
  }

  enter(torrent: GivingTorrent): TorrentSlots {
    const candidates: Candidates = new Map();
    const rested: Rested = new Map();
    this.#torrents.set(torrent, candidates);
    return {
      heard: (contenders) => this.#heard(candidates, rested, contenders),
      get counts() {
        const wanting = [...candidates.values()].filter(({ wants }) => wants);
        const served = wanting.filter(({ unchokedSince }) => unchokedSince !== null);
        return { wanting: wanting.length, served: served.length };
      },
      gone: (peers) => {
        for (const { peer } of peers) rested.delete(peer);
        this.#gone(candidates, peers);
      },
      leave: () => {
        this.#torrents.delete(torrent);
        if (!this.#isWanted) this.#stop();
      },
    };
  }

  /** Ends its timer. */
  close(): void {
    this.#torrents.clear();
    this.#stop();
  }

  #heard(candidates: Candidates, rested: Rested, contenders: readonly Contender[]): void {
    const now = this.#world.now();
    let isNew = false;
    for (const contender of contenders) {
      const known = candidates.get(contender.peer);
      const candidate = known ?? new Candidate(contender.peer, rested.get(contender.peer) ?? null);
      // We may have lost sight of it.
      if (known === undefined && contender.unchoked) candidate.unchoke(now);
      isNew ||= contender.wants && candidate.unchokedSince === null;
      this.#gotBytes += candidate.got(contender.gotBytes);
      candidate.heard(contender, now);
      if (contender.wants || candidate.unchokedSince !== null) {
        candidates.set(contender.peer, candidate);
        continue;
      }
      candidates.delete(contender.peer);
      if (candidate.chokedAt !== null) rested.set(contender.peer, candidate.chokedAt);
    }
    this.#endTicks ??= this.#world.every(CONTENDERS_MS, () => this.#tick());
    // A place may be free: a peer need not wait for the next round.
    if (isNew) this.#decide('fill');
  }

  #gone(candidates: Candidates, peers: Parameters<TorrentSlots['gone']>[0]): void {
    for (const { peer, sentBytes } of peers) {
      const candidate = candidates.get(peer);
      if (candidate === undefined) continue;
      candidates.delete(peer);
      this.#gotBytes += candidate.got(sentBytes);
      if (candidate.unchokedSince !== null) this.#refill();
    }
  }

  /** Places are free: those that wait get them before the next look. Many peers may leave together. */
  #refill(): void {
    // At the end of a session all leave, and nobody waits.
    if (this.#endTicks === null) return;
    this.#endRefill ??= this.#world.later(REFILL_MS, () => {
      this.#endRefill = null;
      this.#decide('fill');
    });
  }

  #tick(): void {
    const now = this.#world.now();
    this.#forgetUnheard(now);
    if (!this.#isWanted) return this.#stop();
    this.#lookAtUplink();
    const isDue = now - this.#rechokedAt >= RECHOKE_MS;
    if (isDue) this.#rechokedAt = now;
    this.#decide(isDue ? 'anew' : 'fill');
  }

  #lookAtUplink(): void {
    const all = [...this.#all()];
    const served = all.filter(({ unchokedSince }) => unchokedSince !== null);
    this.#places.look({
      bytesPerS: this.#gotBytes / (CONTENDERS_MS / 1_000),
      served: served.length,
      owed: served.filter(({ isOwed }) => isOwed).length,
      waiting: all.filter(({ wants, unchokedSince }) => wants && unchokedSince === null).length,
    });
    this.#gotBytes = 0;
  }

  /** Its shard reports each peer every second, unless the thread has died. */
  #forgetUnheard(now: number): void {
    for (const candidates of this.#torrents.values())
      for (const [peer, { heardAt }] of candidates) if (now - heardAt >= UNHEARD_MS) candidates.delete(peer);
  }

  /** `fill`: only places that are free are given away. */
  #decide(how: 'anew' | 'fill'): void {
    const now = this.#world.now();
    const places = this.#places.now;
    const keep =
      how === 'fill' ? [...this.#all()].filter((one) => one.wants && one.unchokedSince !== null) : [];
    // Who takes nothing does not keep others out.
    const free = places - keep.filter(({ isIdle }) => !isIdle).length;
    if (free <= 0) return;
    const kept = new Set(keep);
    const open = (complete: boolean): Candidate[] =>
      [...this.#torrents].flatMap(([torrent, candidates]) =>
        torrent.complete() === complete ? [...candidates.values()].filter((one) => !kept.has(one)) : [],
      );
    const chosen = choose({ traders: open(false), leeches: open(true) }, free, now);
    for (const one of keep) chosen.add(one);
    for (const [torrent, candidates] of this.#torrents) this.#tell(torrent, candidates, chosen, now);
  }

  #tell(torrent: GivingTorrent, candidates: Candidates, chosen: ReadonlySet<Candidate>, now: number): void {
    const unchoke: PeerIndex[] = [];
    const choke: PeerIndex[] = [];
    for (const candidate of candidates.values()) {
      const isUnchoked = candidate.unchokedSince !== null;
      if (chosen.has(candidate) === isUnchoked) continue;
      (isUnchoked ? choke : unchoke).push(candidate.peer);
      if (isUnchoked) candidate.choke(now);
      else candidate.unchoke(now);
    }
    if (unchoke.length + choke.length > 0) torrent.choose(unchoke, choke);
  }

  *#all(): Iterable<Candidate> {
    for (const candidates of this.#torrents.values()) yield* candidates.values();
  }

  get #isWanted(): boolean {
    return [...this.#torrents.values()].some(({ size }) => size > 0);
  }

  #stop(): void {
    this.#endTicks?.();
    this.#endTicks = null;
    this.#endRefill?.();
    this.#endRefill = null;
  }
}
