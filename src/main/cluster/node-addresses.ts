/**
 * The nodes that the user named: their names are looked up again and again, because a node may come late, and a name may stand for
 * more nodes than before (a headless service of Kubernetes).
 */
import { addressKey, type HostPort } from '../../shared/compact-peers.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import type { LookUp } from '../discovery/environment.ts';
import { resolvePeers } from '../discovery/named-peers.ts';

type OnFound = (peers: readonly HostPort[]) => void;
type OnUnknown = (host: string, reason: string) => void;

export class NodeAddresses {
  readonly #named: readonly HostPort[];
  readonly #lookUp: LookUp;
  readonly #signal: AbortSignal;
  /** By the name that the user gave: the keys of its addresses. */
  readonly #keys = new Map<HostPort, Set<string>>();
  readonly #ours = new Set<string>();
  #isBusy = false;

  constructor(named: readonly HostPort[], lookUp: LookUp, signal: AbortSignal) {
    this.#named = named;
    this.#lookUp = lookUp;
    this.#signal = signal;
  }

  /** An address turned out to be this node. */
  isUs(host: string, port: number): void {
    this.#ours.add(addressKey(host, port));
  }

  /** One of the addresses is this node. */
  get hasUs(): boolean {
    return this.#ours.size > 0;
  }

  /** `onFound`: addresses of nodes. `onUnknown`: a name without one, and why. */
  async lookUp(onFound: OnFound, onUnknown: OnUnknown): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await Promise.all(this.#named.map((named) => this.#lookUpOne(named, onFound, onUnknown)));
    } finally {
      this.#isBusy = false;
    }
  }

  /** Those for which `isThere` is false, and that are not this node; as the user wrote them. */
  missing(isThere: (keys: ReadonlySet<string>) => boolean): string[] {
    return this.#named
      .filter((named) => {
        const keys = this.#keys.get(named) ?? new Set<string>();
        return ![...keys].some((key) => this.#ours.has(key)) && !isThere(keys);
      })
      .map(({ host, port }) => addressKey(host, port));
  }

  #lookUpOne(named: HostPort, onFound: OnFound, onUnknown: OnUnknown): Promise<void> {
    return resolvePeers(
      [named],
      this.#lookUp,
      this.#signal,
      (found) => {
        if (found.length === 0) return;
        // As addresses of peers are written.
        const peers = found.map(({ host, port }) => ({ host: canonicalHost(host), port }));
        const keys = this.#keys.get(named) ?? new Set<string>();
        for (const { host, port } of peers) keys.add(addressKey(host, port));
        this.#keys.set(named, keys);
        onFound(peers.filter(({ host, port }) => !this.#ours.has(addressKey(host, port))));
      },
      onUnknown,
    );
  }
}
