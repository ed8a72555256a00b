/**
 * Holepunching (BEP 55) of a torrent, as main sees it: who can introduce us to a peer that did not answer our dial, which addresses
 * we dial because a relay says so, and on which shard the peer is that another one wants to meet.
 */
import { addressKey, type ToldPeer } from '../../shared/compact-peers.ts';
import type { HolepunchCommand, HolepunchEvent } from '../../shared/holepunch.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { INTRODUCTIONS_PER_S, PUNCHES_PER_S } from '../../shared/limits.ts';
import type { PeerAddress, PeerOutcome } from '../../shared/messages.ts';
import { RateLimit } from '../discovery/rate-limit.ts';
import type { TorrentShards } from '../pools/torrent-shards.ts';
import { Introducers } from './introducers.ts';
import { type Concluded, OpenIntroductions } from './open-introductions.ts';
import type { PeerList } from './peer-list.ts';
import { PunchedAddresses } from './punched-addresses.ts';

/** To the shard that has the peer. */
type TellPeer = (peer: PeerIndex, command: HolepunchCommand) => void;

export class Introductions {
  readonly #peers: PeerList;
  readonly #shards: Pick<TorrentShards, 'size' | 'send'>;
  readonly #tell: TellPeer;
  readonly #now: () => number;
  readonly #introducers = new Introducers();
  readonly #open = new OpenIntroductions();
  readonly #punched = new PunchedAddresses();
  readonly #asks: RateLimit;
  readonly #punches: RateLimit;

  constructor(
    peers: PeerList,
    shards: Pick<TorrentShards, 'size' | 'send'>,
    tell: TellPeer,
    now: () => number,
  ) {
    this.#peers = peers;
    this.#shards = shards;
    this.#tell = tell;
    this.#now = now;
    this.#asks = new RateLimit(INTRODUCTIONS_PER_S, now());
    this.#punches = new RateLimit(PUNCHES_PER_S, now());
  }

  /** A peer named these. */
  told(introducer: PeerIndex, peers: readonly ToldPeer[]): void {
    for (const { host: written, port, punchable } of peers) {
      if (!punchable) continue;
      const host = canonicalHost(written);
      const key = addressKey(host, port);
      this.#introducers.named(introducer, key, { host, port });
      if (this.#peers.missed({ host, port })) this.#introducers.missed(key);
      this.#ask(key);
    }
  }

  /** A peer that no dial of a source reached is connected. True if it came through a hole. */
  accepted({ peer, host, port }: PeerAddress, punched: boolean): boolean {
    const key = addressKey(host, port);
    const now = this.#now();
    const isOurs = punched || this.#punched.isExpected(key, now) || this.#introducers.isExpected(key, now);
    if (isOurs) {
      this.#punched.connected(peer, key);
      this.#introducers.succeeded(key);
    }
    this.#introducers.met(key);
    return isOurs;
  }

  closed({ peer, reason }: PeerOutcome): void {
    this.#punched.closed(peer);
    if (reason.stage !== 'dialing') {
      // Most dials lead nowhere, and those peers have introduced nobody.
      this.#introducers.left(peer);
      this.#introducers.met(this.#keyOf(peer));
    } else if (reason.code !== 'stopped') this.#missed(peer);
  }

  /** The shard at this position died. */
  replaced(position: number): void {
    for (const concluded of this.#open.replaced(position)) this.#conclude(concluded);
  }

  hear(position: number, event: HolepunchEvent): void {
    switch (event.type) {
      case 'unanswered':
        return this.#missed(event.peer);
      case 'not-introduced': {
        const key = addressKey(event.target.host, event.target.port);
        if (this.#introducers.refused(event.peer, key)) this.#ask(key);
        return;
      }
      case 'punch-asked': {
        const { peer, address } = event;
        const now = this.#now();
        if (this.#peers.isUnwelcome(address.host)) return;
        if (!this.#punched.mayPunch(addressKey(address.host, address.port), now)) return;
        if (this.#punches.take(now)) this.#tell(peer, { type: 'punch', address });
        return;
      }
      case 'introduction-asked': {
        const { peer, initiator, target } = event;
        const others = Array.from({ length: this.#shards.size }, (_, i) => i).filter((i) => i !== position);
        const request = this.#open.begin({ peer, target }, others);
        if (request === null) return this.#conclude({ peer, target, result: { kind: 'not-connected' } });
        for (const other of others)
          this.#shards.send(other, { type: 'introduce', request, initiator, target });
        return;
      }
      case 'introduced': {
        const concluded = this.#open.heard(event.request, position, event.result);
        if (concluded !== null) this.#conclude(concluded);
        return;
      }
    }
  }

  #missed(peer: PeerIndex): void {
    const key = this.#keyOf(peer);
    this.#introducers.missed(key);
    this.#ask(key);
  }

  /** Of a peer that main has forgotten, nobody's. */
  #keyOf(peer: PeerIndex): string {
    if (!this.#peers.knows(peer)) return '';
    const { host, port } = this.#peers.at(peer);
    return addressKey(host, port);
  }

  #ask(key: string): void {
    if (this.#punched.has(key)) return;
    const now = this.#now();
    if (this.#asks.waitMs(now) > 0) return;
    const request = this.#introducers.next(key, now);
    if (request === null) return;
    this.#asks.take(now);
    const { introducer, target } = request;
    this.#tell(introducer, { type: 'ask-introduction', peer: introducer, target });
  }

  #conclude({ peer, target, result }: Concluded): void {
    this.#tell(peer, { type: 'introduction', peer, target, result });
  }
}
