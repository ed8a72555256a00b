/**
 * Where a search in the DHT may begin: nodes that the user or the torrent named (BEP 5 `nodes`), and nodes that an earlier run or a
 * peer told of (PORT). A name is looked up anew whenever it is needed: it may not be there at the start, and lead elsewhere later.
 */
import { setMaxListeners } from 'node:events';
import { isIP } from 'node:net';
import { mayName, type Reach, reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { MAX_MET_DHT_NODES, MAX_NAME_ADDRESSES } from '../../shared/limits.ts';
import { LookUpError, lookUp } from '../../shared/name-lookup.ts';
import type { DhtFamily } from './dht-socket.ts';

export type Lookup = (host: string, family: DhtFamily, signal: AbortSignal) => Promise<readonly string[]>;

export const NAME_LOOKUP: Lookup = async (host, family, signal) =>
  (await lookUp(host, signal)).filter((each) => each.family === family).map(({ address }) => address);

/** A node that the user named may name nodes as near as itself. A stranger's node is asked wherever it is, and may name public nodes only. */
type NamedBy = 'user' | 'stranger';

/** The library has 16 questions on their way at one time. */
const MET_AT_ONCE = 8;

interface Named {
  readonly host: string;
  readonly port: number;
  readonly by: NamedBy;
  nodes: readonly HostPort[];
  isAsked: boolean;
  /** There is no such name, or none in this family. Whatever else goes wrong with a look-up may pass. */
  isUnknown: boolean;
}

export class FirstNodes {
  readonly #family: DhtFamily;
  readonly #lookup: Lookup;
  readonly #stopped = new AbortController();
  readonly #named: Named[] = [];
  /** By address and port, the newest last. */
  readonly #met = new Map<string, HostPort>();
  #turn = 0;

  constructor(family: DhtFamily, lookup: Lookup) {
    this.#family = family;
    this.#lookup = lookup;
    // One for each name that is being looked up.
    setMaxListeners(0, this.#stopped.signal);
  }

  get hasAddress(): boolean {
    return this.#met.size > 0 || this.#named.some(({ nodes }) => nodes.length > 0);
  }

  /** All that were named, and some of the others, each time the next of them: hundreds that are gone must not be waited for. */
  next(): readonly HostPort[] {
    const some = [...this.#met.values()].reverse().slice(this.#turn, this.#turn + MET_AT_ONCE);
    this.#turn = this.#turn + MET_AT_ONCE < this.#met.size ? this.#turn + MET_AT_ONCE : 0;
    return [...this.#named.flatMap(({ nodes }) => nodes), ...some];
  }

  /** Sooner or later one of them may answer. */
  get mayAnswer(): boolean {
    return this.#met.size > 0 || this.#named.some(({ isUnknown }) => !isUnknown);
  }

  name({ host, port }: HostPort, by: NamedBy): void {
    const isName = isIP(host) === 0;
    if (!isName && !this.#isOurs(host)) return;
    const nodes = isName ? [] : [{ host: canonicalHost(host), port }];
    this.#named.push({ host, port, by, nodes, isAsked: false, isUnknown: false });
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

  /** Looks up every name that is not being looked up; `found` hears of each at once. Resolves when all of them are done. */
  async resolve(found: (nodes: readonly HostPort[]) => void): Promise<void> {
    await Promise.all(
      this.#named
        .filter(({ host, isAsked }) => isIP(host) === 0 && !isAsked)
        .map(async (named) => {
          named.isAsked = true;
          try {
            const hosts = await this.#lookup(named.host, this.#family, this.#stopped.signal);
            const ours = hosts.filter((host) => this.#isOurs(host)).slice(0, MAX_NAME_ADDRESSES);
            named.nodes = ours.map((host) => ({ host: canonicalHost(host), port: named.port }));
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
      this.#named.some(({ nodes, by }) =>
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
