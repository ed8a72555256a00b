/**
 * Where a search in the DHT may begin: nodes that the user or the torrent named (BEP 5 `nodes`), and nodes that an earlier run or a
 * peer told of (PORT). A name is looked up anew whenever it is needed: it may not be there at the start, and lead elsewhere later.
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

/** A node that the user named may name nodes as near as itself. A stranger's node is asked wherever it is, and may name public nodes only. */
type NamedBy = 'user' | 'stranger';

/** The library has 16 questions on their way at one time. */
const MET_AT_ONCE = 8;

interface Named {
  readonly host: string;
  readonly port: number;
  readonly by: NamedBy;
  /** How many name it: several torrents may name the same. */
  namers: number;
  nodes: readonly HostPort[];
  isAsked: boolean;
  /** There is no such name, or none in this family. Whatever else goes wrong with a look-up may pass. */
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
    // One for each name that is being looked up.
    setMaxListeners(0, this.#stopped.signal);
  }

  get hasAddress(): boolean {
    return this.#met.size > 0 || this.#all.some(({ nodes }) => nodes.length > 0);
  }

  /** All that were named, and some of the others, each time the next of them: hundreds that are gone must not be waited for. */
  next(): readonly HostPort[] {
    const some = [...this.#met.values()].reverse().slice(this.#turn, this.#turn + MET_AT_ONCE);
    this.#turn = this.#turn + MET_AT_ONCE < this.#met.size ? this.#turn + MET_AT_ONCE : 0;
    return [...this.#all.flatMap(({ nodes }) => nodes), ...some];
  }

  /** Sooner or later one of them may answer. */
  get mayAnswer(): boolean {
    return this.#met.size > 0 || this.#all.some(({ isUnknown }) => !isUnknown);
  }

  /** Returns how the name is taken back. Too many of strangers are passed over: each is looked up. */
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

  /** True if it is news, and an address of this family. Of too many the oldest are forgotten. */
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
   * Looks up every name that is not being looked up, or of these the ones that nothing is known of; `found` hears of each at once.
   * Resolves when all of them are done.
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
            // What it was called before still stands.
            named.isUnknown = named.nodes.length === 0 && error instanceof LookUpError && error.unknown;
          }
          named.isAsked = false;
        }),
    );
  }

  /** Look-ups under way are given up: a dead name server must not hold up the exit. */
  stop(): void {
    this.#stopped.abort();
  }

  /** The addresses that packets may go to. A far node may not name addresses of our own network. */
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
