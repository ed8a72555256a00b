/**
 * What all torrents of a session have in common when they look for peers: one node of the DHT for each family of addresses, one
 * local discovery, the turns of announces, the connections to UDP trackers, and one timer. Nothing of it is open before a torrent
 * needs it, nor after the last one that did.
 */

import type { HostPort } from '../../shared/compact-peers.ts';
import { isSix } from '../../shared/ip-address.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { AnnounceQueue } from './announce-queue.ts';
import type { TrackerAccess } from './announcer.ts';
import { Dht } from './dht.ts';
import type { DhtFamily } from './dht-socket.ts';
import type { Environment } from './environment.ts';
import { LocalDiscovery } from './lsd.ts';
import { REAL_ENVIRONMENT } from './real-environment.ts';
import { Timetable } from './timetable.ts';
import { UdpConnections } from './udp-connections.ts';

/** The DHT as the user wants it. */
export interface DhtPlan {
  readonly bootstrap: readonly HostPort[];
  /** The user named them: then no nodes are kept for the next run, and none of the last one are asked. */
  readonly isUsersChoice: boolean;
}

export interface SharedDiscoveryOptions {
  /** Null: off. */
  readonly dht: DhtPlan | null;
  /** UDP may be used, from this address of ours; null where it may not: no proxy carries it. */
  readonly udp: { readonly from: string | null } | null;
  readonly environment?: Environment;
}

/** The DHT in one family of addresses (BEP 32): they are two tables. */
interface NamedDht {
  readonly name: 'dht' | 'dht6';
  readonly dht: Dht;
}

export class SharedDiscovery implements TrackerAccess {
  readonly environment: Environment;
  readonly later: Later;
  readonly announces: AnnounceQueue;
  readonly udp: UdpConnections | null;
  readonly dht: readonly NamedDht[];
  readonly lsd: LocalDiscovery | null;
  #members = 0;

  constructor({ dht, udp, environment = REAL_ENVIRONMENT }: SharedDiscoveryOptions) {
    this.environment = environment;
    this.later = new Timetable(environment.now, environment.later).later;
    this.announces = new AnnounceQueue(environment.now, this.later);
    this.udp = udp === null ? null : new UdpConnections(environment, udp.from);
    const from = udp?.from ?? null;
    this.lsd = udp === null ? null : new LocalDiscovery({ environment, later: this.later, from });
    const families: readonly DhtFamily[] = from === null ? [4, 6] : [isSix(from) ? 6 : 4];
    this.dht = udp === null || dht === null ? [] : families.map((family) => this.#dhtOf(family, dht, from));
  }

  /** A torrent looks for peers. Returns how it ends that. */
  enter(): () => void {
    this.#members += 1;
    return () => {
      this.#members -= 1;
      if (this.#members === 0) this.udp?.close();
    };
  }

  #dhtOf(family: DhtFamily, { bootstrap, isUsersChoice }: DhtPlan, from: string | null): NamedDht {
    const { environment } = this;
    const name = family === 4 ? 'dht' : 'dht6';
    const store = isUsersChoice ? null : environment.nodeStore(name);
    return { name, dht: new Dht({ environment, family, bootstrap, isUsersChoice, from, store }, this.later) };
  }
}
