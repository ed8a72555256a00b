/**
 * What all torrents of a session share when they look for peers: one DHT node for each address family, one local discovery, the
 * queue of announces, the connections to UDP trackers, and one timer. Each part opens when a torrent needs it, and closes after
 * the last torrent that needs it.
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

/** The user's choice for the DHT. */
export interface DhtPlan {
  readonly bootstrap: readonly HostPort[];
  /** The user named the nodes: then nodes of the last run are not used, and none are kept for the next. */
  readonly isUsersChoice: boolean;
}

export interface SharedDiscoveryOptions {
  /** Null: off. */
  readonly dht: DhtPlan | null;
  /** UDP is allowed, from this local address; null if it is not: no proxy carries it. */
  readonly udp: { readonly from: string | null } | null;
  readonly environment?: Environment;
}

/** The DHT in one address family (BEP 32): each family has its own table. */
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

  /** A torrent starts to look for peers. Returns a function that ends this. */
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
