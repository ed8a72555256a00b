/**
 * Peers that the user or a magnet link names: they may have host names. A name is looked up again when the network is back, because
 * it may stand for another address there, and again and again while it has none.
 */
import { setMaxListeners } from 'node:events';
import { isIP } from 'node:net';
import type { HostPort } from '../../shared/compact-peers.ts';
import { doubledPause } from '../../shared/doubled-pause.ts';
import { NAMED_PEER_RETRY_MAX_MS, NAMED_PEER_RETRY_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { LookUpError } from '../../shared/name-lookup.ts';
import type { LookUp } from './environment.ts';

type Resolved = (peers: readonly HostPort[]) => void;
type Unresolved = (host: string, reason: string, isUnknown: boolean) => void;

const isName = ({ host }: HostPort): boolean => isIP(host) === 0;

/** Looks each name up on its own: a name that fails does not delay the others. Ends when `signal` aborts. */
export async function resolvePeers(
  named: readonly HostPort[],
  lookUp: LookUp,
  signal: AbortSignal,
  onResolved: Resolved,
  onFailed: Unresolved,
): Promise<void> {
  onResolved(named.filter((peer) => !isName(peer)));
  await Promise.all(
    named.filter(isName).map((peer) => resolveName(peer, lookUp, signal, onResolved, onFailed)),
  );
}

async function resolveName(
  { host, port }: HostPort,
  lookUp: LookUp,
  signal: AbortSignal,
  onResolved: Resolved,
  onFailed: Unresolved,
): Promise<void> {
  try {
    const addresses = await lookUp(host, signal);
    onResolved(addresses.map(({ address }) => ({ host: address, port })));
  } catch (error) {
    const isUnknown = error instanceof LookUpError && error.unknown;
    if (!signal.aborted) onFailed(host, (error as Error).message, isUnknown);
  }
}

export interface NamedPeersOptions {
  readonly peers: readonly HostPort[];
  /** Null: names stay as they are. */
  readonly lookUp: LookUp | null;
  readonly later: Later;
  readonly onResolved: (peers: readonly HostPort[]) => void;
  /** Once for each name. */
  readonly onFailed: (host: string, reason: string) => void;
}

interface Name {
  readonly peer: HostPort;
  isAsked: boolean;
  /** Null before the first answer. `unknown`: no name server knows it, and that will hardly pass. */
  state: 'has-address' | 'failed' | 'unknown' | null;
  isTold: boolean;
  /** It has not been found since the start, or since the network came back. */
  isDue: boolean;
}

export class NamedPeers {
  readonly #options: NamedPeersOptions;
  readonly #names: readonly Name[];
  readonly #over = new AbortController();
  #rounds = 0;
  #cancelNext = (): void => {};

  constructor(options: NamedPeersOptions) {
    this.#options = options;
    const names = options.lookUp === null ? [] : options.peers.filter(isName);
    this.#names = names.map((peer) => ({ peer, isAsked: false, state: null, isTold: false, isDue: true }));
    // Each look-up in progress adds a listener.
    setMaxListeners(0, this.#over.signal);
  }

  /** True while the first answer for a name may come. */
  get searching(): boolean {
    return !this.#over.signal.aborted && this.#names.some(({ state }) => state === null);
  }

  /** True while a name may get its first address. */
  get hopeful(): boolean {
    return (
      this.searching || (!this.#over.signal.aborted && this.#names.some(({ state }) => state === 'failed'))
    );
  }

  start(): void {
    const { peers, lookUp, onResolved } = this.#options;
    const ready = lookUp === null ? peers : peers.filter((peer) => !isName(peer));
    if (ready.length > 0) onResolved(ready);
    void this.#round();
  }

  networkBack(): void {
    if (this.#over.signal.aborted) return;
    this.#rounds = 0;
    for (const name of this.#names) name.isDue = true;
    void this.#round();
  }

  stop(): void {
    this.#over.abort();
    this.#cancelNext();
  }

  async #round(): Promise<void> {
    this.#cancelNext();
    const names = this.#names.filter(({ isAsked, isDue }) => isDue && !isAsked);
    await Promise.all(names.map((name) => this.#ask(name)));
    if (this.#over.signal.aborted || !this.#names.some(({ isDue }) => isDue)) return;
    this.#rounds += 1;
    const pauseMs = doubledPause(NAMED_PEER_RETRY_MS, this.#rounds, NAMED_PEER_RETRY_MAX_MS);
    this.#cancelNext();
    this.#cancelNext = this.#options.later(pauseMs, () => void this.#round());
  }

  async #ask(name: Name): Promise<void> {
    const { lookUp, onResolved, onFailed } = this.#options;
    if (lookUp === null) return;
    const failed = (host: string, reason: string, isUnknown: boolean): void => {
      // The addresses from an earlier look-up stay.
      if (name.state !== 'has-address') name.state = isUnknown ? 'unknown' : 'failed';
      if (!name.isTold) onFailed(host, reason);
      name.isTold = true;
    };
    const found = (peers: readonly HostPort[]): void => {
      name.state = 'has-address';
      name.isDue = false;
      onResolved(peers);
    };
    name.isAsked = true;
    await resolveName(name.peer, lookUp, this.#over.signal, found, failed);
    name.isAsked = false;
  }
}
