/**
 * The nodes with which a DHT search can start: nodes that the user or the torrent named (BEP 5 `nodes`), and nodes from an
 * earlier run or from a peer (PORT). A name is looked up each time it is needed: it may have no address at first, and another one
 * later.
 */
import { setMaxListeners } from 'node:events';
import { isIP } from 'node:net';
import { mayName, type Reach, reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { MAX_MET_DHT_NODES, MAX_NAME_ADDRESSES, MAX_NAMED_DHT_NODES } from '../../shared/limits.ts';
import { LookUpError } from '../../shared/name-lookup.ts';
import type { DhtFamily } from './dht-socket.ts';
import type { LookUp } from './environment.ts';

/** A node of the user may give us nodes as near as itself. A stranger's node may be anywhere, but may give us only public nodes. */
type NamedBy = 'user' | 'stranger';

/** The library has at most 16 questions in progress. */
const MET_AT_ONCE = 8;

interface Named {
  readonly host: string;
  readonly port: number;
  readonly by: NamedBy;
  /** How many torrents name it. */
  namers: number;
  nodes: readonly HostPort[];
  isAsked: boolean;
  /** The name does not exist or has no address in this family. Other look-up failures may pass. */
  isUnknown: boolean;
}

export class FirstNodes {
  readonly #family: DhtFamily;
  readonly #lookUp: LookUp;
  readonly #stopped = new AbortController();
  readonly #named = new Map<string, Named>();
  /** By address and port, the newest last. */
  readonly #met = new Map<string, HostPort>();
  #turn = 0;

  constructor(family: DhtFamily, lookUp: LookUp) {
    this.#family = family;
    this.#lookUp = lookUp;
    // Each look-up in progress adds a listener.
    setMaxListeners(0, this.#stopped.signal);
  }

  get hasAddress(): boolean {
    return this.#met.size > 0 || this.#all.some(({ nodes }) => nodes.length > 0);
  }

  /** All named nodes, and the next few of the met ones. Hundreds of them may be gone, and we must not wait for all. */
  next(): readonly HostPort[] {
    const some = [...this.#met.values()].reverse().slice(this.#turn, this.#turn + MET_AT_ONCE);
    this.#turn = this.#turn + MET_AT_ONCE < this.#met.size ? this.#turn + MET_AT_ONCE : 0;
    return [...this.#all.flatMap(({ nodes }) => nodes), ...some];
  }

  /** One of them may answer sooner or later. */
  get mayAnswer(): boolean {
    return this.#met.size > 0 || this.#all.some(({ isUnknown }) => !isUnknown);
  }

  /** Returns a function that removes the name. Strangers can add only a limited number, because each name is looked up. */
  name({ host, port }: HostPort, by: NamedBy): () => void {
    const isName = isIP(host) === 0;
    const key = `${by} ${host} ${port}`;
    const known = this.#named.get(key);
    const isTooMany = by === 'stranger' && this.#named.size >= MAX_NAMED_DHT_NODES;
    if (known === undefined && (isTooMany || (!isName && !this.#isOurs(host)))) return () => {};
    const nodes = isName ? [] : [{ host: canonicalHost(host), port }];
    const named = known ?? { host, port, by, namers: 0, nodes, isAsked: false, isUnknown: false };
    named.namers += 1;
    this.#named.set(key, named);
    return () => {
      named.namers -= 1;
      if (named.namers === 0) this.#named.delete(key);
    };
  }

  get #all(): readonly Named[] {
    return [...this.#named.values()];
  }

  /** True if the node is new and has an address of this family. If there are too many, the oldest are forgotten. */
  meet({ host, port }: HostPort): boolean {
    if (!this.#isOurs(host)) return false;
    const node = { host: canonicalHost(host), port };
    const isNew = !this.#met.delete(keyOf(node));
    this.#met.set(keyOf(node), node);
    for (const oldest of this.#met.keys()) {
      if (this.#met.size <= MAX_MET_DHT_NODES) break;
      this.#met.delete(oldest);
    }
    return isNew;
  }

  /**
   * Looks up every name that is not being looked up now; with 'new', only names with no known address. `found` gets each result
   * at once. Resolves when all look-ups are done.
   */
  async resolve(found: (nodes: readonly HostPort[]) => void, which: 'all' | 'new' = 'all'): Promise<void> {
    await Promise.all(
      this.#all
        .filter(({ host, isAsked }) => isIP(host) === 0 && !isAsked)
        .filter(({ nodes, isUnknown }) => which === 'all' || (nodes.length === 0 && !isUnknown))
        .map(async (named) => {
          named.isAsked = true;
          try {
            const addresses = await this.#lookUp(named.host, this.#stopped.signal);
            const ours = addresses
              .filter(({ address }) => this.#isOurs(address))
              .slice(0, MAX_NAME_ADDRESSES);
            named.nodes = ours.map(({ address }) => ({ host: canonicalHost(address), port: named.port }));
            named.isUnknown = ours.length === 0;
            found(named.nodes);
          } catch (error) {
            // The addresses from an earlier look-up stay.
            named.isUnknown = named.nodes.length === 0 && error instanceof LookUpError && error.unknown;
          }
          named.isAsked = false;
        }),
    );
  }

  /** Gives up look-ups in progress: a dead name server must not delay the exit. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Whether packets may go to this address. A public node may not give us addresses of our own network. */
  mayReach(host: string, port: number): boolean {
    const reach = reachOf(host);
    if (reach === null || reach === 'public') return reach === 'public';
    const key = keyOf({ host: canonicalHost(host), port });
    return (
      this.#met.has(key) ||
      this.#all.some(({ nodes, by }) =>
        nodes.some(
          (node) => keyOf(node) === key || (by === 'user' && mayName(reachOf(node.host) as Reach, reach)),
        ),
      )
    );
  }

  #isOurs(host: string): boolean {
    return isIP(canonicalHost(host)) === this.#family && reachOf(host) !== null;
  }
}

function keyOf({ host, port }: HostPort): string {
  return `${host} ${port}`;
}
