/**
 * The limits of known addresses: in total, per source and per public network, and which ones make room for new ones. First
 * those that were lost before a handshake, then, at random, those of which nothing was heard; in both cases from the largest
 * group of sources. So no source fills the list at the cost of others, no peer fills peer exchange, and an attacker cannot
 * choose which address its false ones displace.
 */
import type { PeerIndex } from '../../shared/indices.ts';
import { MAX_KNOWN_PEERS, MAX_PEERS_PER_SOURCE, MAX_PEERS_PER_SUBNET } from '../../shared/limits.ts';
import { Bag } from './bag.ts';
import { networkOf } from './namer-group.ts';

/** `unheard`: it waits or is in play. A shard keeps those in play and says so. */
type Grade = 'dead' | 'unheard' | 'kept';

interface Place {
  readonly source: string;
  readonly group: number;
  /** Null for addresses without a limit per network. */
  readonly subnet: string | null;
  grade: Grade;
}

/** The addresses of one source. */
interface Members {
  count: number;
  readonly groups: Map<number, Group>;
}

/** The addresses of one source and one group. */
interface Group {
  count: number;
  /** The oldest first. */
  readonly dead: Set<PeerIndex>;
  readonly unheard: Bag<PeerIndex>;
}

export class PeerRoom {
  readonly #places = new Map<PeerIndex, Place>();
  readonly #bySource = new Map<string, Members>();
  readonly #bySubnet = new Map<string, Set<PeerIndex>>();
  /** They make room, and their shards have not confirmed that they are forgotten. */
  readonly #leaving = new Map<PeerIndex, Place>();
  #newlyLeaving: PeerIndex[] = [];
  readonly #unbounded: string;
  readonly #random: () => number;

  /** `unbounded`: the source that has only the total limit and never makes room. */
  constructor(unbounded: string, random: () => number = Math.random) {
    this.#unbounded = unbounded;
    this.#random = random;
  }

  /** True if there is room for one more; others may have to leave. */
  makeRoom(host: string, source: string): boolean {
    const going = this.#inTheWayOf(host, source);
    for (const peer of going ?? []) {
      const place = this.#places.get(peer);
      if (place === undefined) continue;
      this.#takeOut(peer, place);
      this.#leaving.set(peer, place);
      this.#newlyLeaving.push(peer);
    }
    return going !== null;
  }

  /** Those that leave and whose shards have not been asked yet. */
  takeLeaving(): PeerIndex[] {
    const leaving = this.#newlyLeaving.filter((peer) => this.#leaving.has(peer));
    this.#newlyLeaving = [];
    return leaving;
  }

  isLeaving(peer: PeerIndex): boolean {
    return this.#leaving.has(peer);
  }

  /** It has left. */
  left(peer: PeerIndex): void {
    this.#leaving.delete(peer);
  }

  /** It never makes room. */
  keep(peer: PeerIndex): void {
    const place = this.#leaving.get(peer);
    this.#leaving.delete(peer);
    if (place !== undefined) this.#takeIn(peer, place);
    this.grade(peer, 'kept');
  }

  /** Those that must leave to make room for one more; null if it cannot have room. */
  #inTheWayOf(host: string, source: string): PeerIndex[] | null {
    const going: PeerIndex[] = [];
    if (source !== this.#unbounded) {
      const subnet = this.#bySubnet.get(networkOf(host) ?? '');
      if (subnet !== undefined && subnet.size >= MAX_PEERS_PER_SUBNET) {
        // Not those of which nothing was heard: they may be in play, and one network would become the whole swarm.
        const other = [...subnet].find((peer) => this.#places.get(peer)?.grade === 'dead');
        if (other === undefined) return null;
        going.push(other);
      }
      const members = this.#bySource.get(source);
      const isFreed = going.some((peer) => this.#places.get(peer)?.source === source);
      if (members !== undefined && members.count >= MAX_PEERS_PER_SOURCE && !isFreed) {
        const other = this.#leastOf(members);
        if (other === null) return null;
        going.push(other);
      }
    }
    if (this.#places.size - going.length < MAX_KNOWN_PEERS) return going;
    const other = this.#leastOfAll();
    return other === null ? null : [...going, other];
  }

  enter(peer: PeerIndex, host: string, source: string, group: number): void {
    const subnet = source === this.#unbounded ? null : networkOf(host);
    this.#takeIn(peer, { source, group, subnet, grade: 'unheard' });
  }

  #takeIn(peer: PeerIndex, place: Place): void {
    const { source, subnet, grade } = place;
    this.#places.set(peer, place);
    const members = this.#bySource.get(source) ?? { count: 0, groups: new Map() };
    this.#bySource.set(source, members);
    members.count += 1;
    const group = members.groups.get(place.group) ?? { count: 0, dead: new Set(), unheard: new Bag() };
    members.groups.set(place.group, group);
    group.count += 1;
    if (grade !== 'kept') group[grade].add(peer);
    if (subnet === null) return;
    const inSubnet = this.#bySubnet.get(subnet) ?? new Set();
    this.#bySubnet.set(subnet, inSubnet);
    inSubnet.add(peer);
  }

  grade(peer: PeerIndex, grade: Grade): void {
    const place = this.#places.get(peer);
    if (place === undefined || place.grade === grade) return;
    const group = this.#bySource.get(place.source)?.groups.get(place.group);
    if (place.grade !== 'kept') group?.[place.grade].delete(peer);
    if (grade !== 'kept') group?.[grade].add(peer);
    place.grade = grade;
  }

  #takeOut(peer: PeerIndex, place: Place): void {
    this.#places.delete(peer);
    const members = this.#bySource.get(place.source);
    const group = members?.groups.get(place.group);
    if (place.grade !== 'kept') group?.[place.grade].delete(peer);
    if (group !== undefined && --group.count === 0) members?.groups.delete(place.group);
    if (members !== undefined && --members.count === 0) this.#bySource.delete(place.source);
    const inSubnet = place.subnet === null ? undefined : this.#bySubnet.get(place.subnet);
    inSubnet?.delete(peer);
    if (inSubnet?.size === 0) this.#bySubnet.delete(place.subnet as string);
  }

  #leastOf({ groups }: Members): PeerIndex | null {
    const [dead] = largest(groups, (group) => group.dead.size > 0)?.dead ?? [];
    return dead ?? largest(groups, (group) => group.unheard.size > 0)?.unheard.any(this.#random()) ?? null;
  }

  /** From the largest source, or from the next one if it has none to give. */
  #leastOfAll(): PeerIndex | null {
    const sources = [...this.#bySource].filter(([source]) => source !== this.#unbounded);
    sources.sort(([, a], [, b]) => b.count - a.count);
    for (const [, members] of sources) {
      const peer = this.#leastOf(members);
      if (peer !== null) return peer;
    }
    return null;
  }
}

/** Among those that have one to give. */
function largest(groups: ReadonlyMap<number, Group>, gives: (group: Group) => boolean): Group | null {
  let most: Group | null = null;
  for (const group of groups.values()) if (gives(group) && group.count > (most?.count ?? 0)) most = group;
  return most;
}
