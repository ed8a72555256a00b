/**
 * What the protocols need from outside: packets to the router, a search by multicast, and HTTP. `system-network.ts` has the real
 * ones; tests have their own. Nothing here reaches another host than the router, but the search.
 */
import type { Later } from '../../../shared/lived-timer.ts';

export interface LinkHears {
  readonly onMessage: (bytes: Buffer) => void;
  /** The system's error. The link is of no use after it. */
  readonly onError: (error: Error) => void;
}

/** A UDP socket that sends to one port of the router, and hears only that. */
export interface RouterLink {
  /** Our address, as the router sees it. */
  readonly localAddress: string;
  send(bytes: Uint8Array): void;
  close(): void;
}

/** A UDP socket that sends to the multicast group of UPnP (SSDP). */
export interface SearchLink {
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface RouterRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RouterAnswer {
  readonly status: number;
  readonly text: string;
}

export interface RouterNetwork {
  readonly later: Later;
  /** Rejects with the system's error, also without a way to the router. */
  openLink(hears: LinkHears): Promise<RouterLink>;
  /** `onMessage` also gets the address of the sender. */
  openSearch(
    localAddress: string,
    hears: {
      readonly onMessage: (bytes: Buffer, sender: string) => void;
      readonly onError: LinkHears['onError'];
    },
  ): Promise<SearchLink>;
  /** Follows no redirect. Rejects with RouterError, also if the answer is too long. */
  request(request: RouterRequest, signal: AbortSignal): Promise<RouterAnswer>;
}
