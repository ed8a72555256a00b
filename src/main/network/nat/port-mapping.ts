/**
 * Keeps our port open in the router for as long as the session lives. Nothing waits for it, and nothing fails by it: without a
 * router that helps, peers cannot connect to us, as before.
 */
import type { Clock } from '../../../shared/clock.ts';
import { withDeadline } from '../../../shared/deadline.ts';
import { NAT_LIFETIME_MS, NAT_REMOVE_MS, NAT_REQUEST_MS } from '../../../shared/limits.ts';
import type { Later } from '../../../shared/lived-timer.ts';
import { settledWithin } from '../../../shared/settled-within.ts';
import { boundedLifetimeMs, renewAfterMs, retryAfterMs } from './mapping-times.ts';
import {
  type FindRouter,
  type NatProtocol,
  type NoNeed,
  type Router,
  RouterError,
  RouterNotNeeded,
  type Transport,
} from './router.ts';

export interface MappingWorld {
  readonly now: Clock;
  readonly later: Later;
  readonly findRouter: FindRouter;
}

export type MappingNews =
  | {
      readonly kind: 'open';
      readonly port: number;
      /** The port of the router: what peers must be told. */
      readonly externalPort: number;
      /** Of the router; null if it does not know. */
      readonly address: string | null;
      readonly protocol: NatProtocol;
      readonly transports: readonly Transport[];
    }
  | {
      readonly kind: 'closed';
      readonly port: number;
      /** Other than `failed`: nobody has to open it. */
      readonly cause: NoNeed | 'failed';
      readonly reason: string;
    };

interface Held {
  readonly router: Router;
  /** External ports. */
  readonly ports: ReadonlyMap<Transport, number>;
}

export class PortMapping {
  readonly #world: MappingWorld;
  readonly #transports: readonly Transport[];
  readonly #listeners = new Set<(news: MappingNews) => void>();
  /** The end of the session: no router is searched any longer. */
  readonly #ending = new AbortController();
  /** Requests that may have opened a port are waited for, up to a limit. */
  readonly #gaveUp = new AbortController();
  #port = 0;
  #router: Router | null = null;
  #held: Held | null = null;
  #expiresAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #news: MappingNews | null = null;
  #working: Promise<void> | null = null;
  /** The network came back during this round: it may have asked the old router. */
  #isOutdated = false;
  #cancelNext = (): void => {};

  /** `udp`: uTP uses the same port. */
  constructor(world: MappingWorld, { udp }: { readonly udp: boolean }) {
    this.#world = world;
    this.#transports = udp ? ['tcp', 'udp'] : ['tcp'];
  }

  /** The port of the router where peers reach us; null if there is none, or not yet. */
  get externalPort(): number | null {
    return this.#news?.kind === 'open' ? this.#news.externalPort : null;
  }

  /** Opens our port. Call it once. */
  begin(port: number): void {
    this.#port = port;
    this.#work();
  }

  /** The listener is told what is known, and each change. The returned function removes it. */
  subscribe(listener: (news: MappingNews) => void): () => void {
    this.#listeners.add(listener);
    if (this.#news !== null) listener(this.#news);
    return () => this.#listeners.delete(listener);
  }

  /** The network of this machine was away: its router may be another one. */
  networkBack(): void {
    if (this.#port === 0) return;
    this.#isOutdated = this.#working !== null;
    if (this.#isOutdated) return;
    this.#router = null;
    this.#failures = 0;
    // Peers do not reach us through the port of a router that is gone, however long it stays open there.
    this.#expiresAt = Number.NEGATIVE_INFINITY;
    this.#work();
  }

  /** Closes the port in the router. It takes a limited time. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#cancelNext();
    await settledWithin(this.#remove(), NAT_REMOVE_MS, this.#world.later);
    // A router that does not answer closes the port itself, when its time is over.
    this.#gaveUp.abort();
  }

  async #remove(): Promise<void> {
    await this.#working;
    if (this.#held === null) return;
    const { router, ports } = this.#held;
    const port = this.#port;
    await Promise.allSettled(
      [...ports].map(([transport, externalPort]) =>
        router.unmap({ transport, port, externalPort }, this.#gaveUp.signal),
      ),
    );
  }

  #work(): void {
    if (this.#working !== null || this.#ending.signal.aborted) return;
    this.#cancelNext();
    this.#working = this.#round().then((waitMs) => {
      this.#working = null;
      if (this.#isOutdated) this.networkBack();
      else if (!this.#ending.signal.aborted) this.#cancelNext = this.#world.later(waitMs, () => this.#work());
    });
  }

  /** Opens or renews. Resolves to the time until the next round. */
  async #round(): Promise<number> {
    try {
      const lifetimeMs = await this.#open();
      this.#failures = 0;
      return renewAfterMs(lifetimeMs);
    } catch (error) {
      this.#router = null;
      this.#failures += 1;
      const leftMs = this.#expiresAt - this.#world.now();
      const reason = error instanceof RouterError ? error.message : String(error);
      const cause = error instanceof RouterNotNeeded ? error.why : 'failed';
      if (leftMs <= 0) this.#tell({ kind: 'closed', port: this.#port, cause, reason });
      return retryAfterMs(this.#failures, leftMs);
    }
  }

  async #open(): Promise<number> {
    this.#router ??= await this.#world.findRouter(this.#ending.signal);
    const router = this.#router;
    const ports = new Map<Transport, number>();
    let lifetimeMs = NAT_LIFETIME_MS;
    for (const transport of this.#transports) {
      // Peers are told one port for both.
      const wanted = ports.get('tcp') ?? this.#held?.ports.get('tcp') ?? this.#port;
      const grant = await this.#map(router, transport, wanted);
      if (grant === null) continue;
      ports.set(transport, grant.externalPort);
      this.#held = { router, ports: new Map([...(this.#held?.ports ?? []), ...ports]) };
      lifetimeMs = Math.min(lifetimeMs, boundedLifetimeMs(grant.lifetimeMs));
      // The end waits only for the request that may have opened a port.
      this.#ending.signal.throwIfAborted();
    }
    await this.#dropUnequal(router, ports);
    this.#held = { router, ports };
    this.#expiresAt = this.#world.now() + lifetimeMs;
    const address = await this.#request((signal) => router.externalAddress(signal)).catch(() => null);
    this.#tell({
      kind: 'open',
      port: this.#port,
      externalPort: ports.get('tcp') ?? this.#port,
      address,
      protocol: router.protocol,
      transports: [...ports.keys()],
    });
    return lifetimeMs;
  }

  /** Null if only uTP has to do without the port. */
  async #map(router: Router, transport: Transport, externalPort: number) {
    const wish = { transport, port: this.#port, externalPort, lifetimeMs: NAT_LIFETIME_MS };
    try {
      return await this.#request((signal) => router.map(wish, signal));
    } catch (error) {
      if (transport === 'tcp' || !(error instanceof RouterError)) throw error;
      return null;
    }
  }

  /** A UDP port is of no use if no peer learns it. */
  async #dropUnequal(router: Router, ports: Map<Transport, number>): Promise<void> {
    const externalPort = ports.get('udp');
    if (externalPort === undefined || externalPort === ports.get('tcp')) return;
    ports.delete('udp');
    const mapping = { transport: 'udp', port: this.#port, externalPort } as const;
    await this.#request((signal) => router.unmap(mapping, signal)).catch(() => {});
  }

  #request<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    return withDeadline(NAT_REQUEST_MS, this.#gaveUp.signal, work, this.#world.later);
  }

  /** A renewal that changes nothing is no news. */
  #tell(news: MappingNews): void {
    if (JSON.stringify(news) === JSON.stringify(this.#news) || this.#ending.signal.aborted) return;
    this.#news = news;
    for (const listener of [...this.#listeners]) listener(news);
  }
}
