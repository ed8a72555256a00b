/**
 * Which shard an address goes to, and what shards learn about addresses that they have: a source names them again, or they
 * must make room. Also what happens to the addresses of a shard that died.
 */
import { believable, reachOf } from '../../shared/address-rules.ts';
import type { NamedPeer, ToldPeer } from '../../shared/compact-peers.ts';
import type { PeerIndex, ShardId } from '../../shared/indices.ts';
import type { PeerAddress, TorrentCommand } from '../../shared/messages.ts';
import { PEX } from '../discovery/peer-source.ts';
import { acceptedBy } from './incoming-numbers.ts';
import { unheard } from './outcomes.ts';
import type { KnownPeer, PeerList } from './peer-list.ts';
import { shardOf } from './sharding.ts';

/** Addresses sent to the shards together. */
const ADDRESSES_AT_ONCE = 256;

export class Dealer {
  readonly #peers: PeerList;
  readonly #shards: number;
  readonly #send: (position: number, command: TorrentCommand) => void;

  constructor(peers: PeerList, shards: number, send: (position: number, command: TorrentCommand) => void) {
    this.#peers = peers;
    this.#shards = shards;
    this.#send = send;
  }

  /** Adds addresses; lost ones that are named again are tried sooner. Returns how many were new. */
  add(addresses: readonly NamedPeer[], source: string, namer: string | null = null): number {
    let count = 0;
    // In parts, so that shards dial the first ones while the others are processed.
    for (let from = 0; from < addresses.length; from += ADDRESSES_AT_ONCE) {
      const added = this.#peers.add(addresses.slice(from, from + ADDRESSES_AT_ONCE), source, namer);
      this.#deal(added, false);
      count += added.length;
    }
    this.#tellPeers(this.#peers.takeNamed(), (peers) => ({ type: 'named', peers }));
    this.#tellPeers(this.#peers.takeLeaving(), (peers) => ({ type: 'forget', peers }));
    return count;
  }

  /** A peer named others (BEP 11). Returns those that it may name. */
  told(namer: PeerIndex, peers: readonly ToldPeer[]): readonly ToldPeer[] {
    const { host } = this.#peers.at(namer);
    const reach = reachOf(host);
    const believed = reach === null ? [] : believable(peers, reach);
    this.add(believed, PEX, host);
    return believed;
  }

  positionOf({ peer, host, port }: PeerAddress): number {
    if (this.#peers.isAccepted(peer)) return acceptedBy(peer, this.#shards);
    return shardOf(host, port, this.#shards);
  }

  /** These peers leave; the shard of each closes it. */
  banish(peers: readonly KnownPeer[], code: 'bad-data' | 'private'): void {
    this.#tellPeers(peers, (those) => ({ type: 'banish', peers: those, code }));
  }

  /** These peers may request blocks from now on; these may no longer. Peers that have left are passed over. */
  choose(unchoke: readonly PeerIndex[], choke: readonly PeerIndex[]): void {
    const positions = new Map<number, { unchoke: PeerIndex[]; choke: PeerIndex[] }>();
    const sort = (peers: readonly PeerIndex[], into: 'unchoke' | 'choke'): void => {
      for (const peer of peers) {
        if (!this.#peers.knows(peer)) continue;
        const position = this.positionOf(this.#peers.at(peer));
        const those = positions.get(position) ?? { unchoke: [], choke: [] };
        positions.set(position, those);
        those[into].push(peer);
      }
    };
    sort(unchoke, 'unchoke');
    sort(choke, 'choke');
    for (const [position, those] of positions) this.#send(position, { type: 'choose', ...those });
  }

  /** The answer of a shard that was asked to forget peers: it has forgotten `gone`, and `kept` are in play. */
  forgotten(gone: readonly PeerIndex[], kept: readonly PeerIndex[]): void {
    for (const peer of kept) this.#peers.keep(peer);
    const again = gone.filter((peer) => !this.#peers.mayForget(peer)).map((peer) => this.#peers.at(peer));
    for (const peer of gone) if (this.#peers.mayForget(peer)) this.#peers.forget(peer);
    // It became useful while the message was on its way.
    for (const { peer } of again) this.#peers.keep(peer);
    this.#deal(
      again.filter(({ peer }) => this.#peers.isRetrying(peer)),
      true,
    );
  }

  /** A new thread has replaced a dead one: its unsettled peers are tried again, except those that are not allowed. */
  replaced(position: number, lost: ShardId, now: number): void {
    const unsettled: KnownPeer[] = [];
    const retrying: KnownPeer[] = [];
    for (const known of this.#peers.all) {
      if (shardOf(known.host, known.port, this.#shards) !== position) continue;
      const { peer } = known;
      if (this.#peers.isLeaving(peer)) {
        this.#peers.forget(peer);
        continue;
      }
      const outcome = this.#peers.outcomeOf(peer);
      const isRetrying = this.#peers.isRetrying(peer);
      if (outcome !== undefined && outcome.reason.code !== 'race-lost' && !isRetrying) continue;
      const bar = this.#peers.barOf(known);
      if (bar !== null) this.#peers.settle(unheard(peer, lost, 'queued', now, bar));
      else (isRetrying ? retrying : unsettled).push(known);
    }
    this.#deal(unsettled, false);
    this.#deal(retrying, true);
  }

  #deal(peers: readonly KnownPeer[], lost: boolean): void {
    for (const [position, addresses] of this.#byShard(peers))
      this.#send(position, {
        type: 'addresses',
        addresses: addresses.map(({ peer, host, port, group = 0, punchable, version2, eager }) => ({
          ...{ peer, host, port, group },
          ...(punchable === true ? { punchable } : {}),
          ...(version2 === true ? { version2 } : {}),
          ...(eager === true ? { eager } : {}),
        })),
        lost,
      });
  }

  #tellPeers(peers: readonly KnownPeer[], command: (peers: readonly PeerIndex[]) => TorrentCommand): void {
    for (const [position, those] of this.#byShard(peers))
      this.#send(position, command(those.map(({ peer }) => peer)));
  }

  #byShard(peers: readonly KnownPeer[]): Map<number, KnownPeer[]> {
    const byShard = new Map<number, KnownPeer[]>();
    for (const known of peers) {
      const position = this.positionOf(known);
      const those = byShard.get(position) ?? [];
      byShard.set(position, those);
      those.push(known);
    }
    return byShard;
  }
}
