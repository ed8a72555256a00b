/**
 * HTTP as this program needs it: through a proxy where the user names one, a few redirects and no more, and no way for a
 * stranger's URL into our own network. undici carries it.
 */
import type { Dispatcher } from 'undici';
import { mayName, type Reach } from './address-rules.ts';
import { MAX_HTTP_ORIGINS, MAX_REDIRECTS } from './limits.ts';
import { type PinnedHost, pinHost } from './pinned-hosts.ts';

/** The message is for the user, and names no URL: that may hold a passkey. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

/** Our own refusal to visit a URL: it will not change. */
export class HttpRefusal extends HttpError {}

/** How a run reaches the network. */
export interface Route {
  /** `http://`, `https://` or `socks5://`; null goes straight. */
  readonly proxy: string | null;
  /** The address of our own that connections leave from; null leaves it to the system. */
  readonly localAddress: string | null;
}

export interface Visit {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds without a byte after which the other side counts as silent. */
  readonly silenceMs?: number;
  /** Why a URL at this distance is not to be visited; null where it may be. */
  readonly refuses?: (url: URL, reach: Reach) => string | null;
}

export interface Visited {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** To be read to its end, or dumped, or destroyed. */
  readonly body: Dispatcher.ResponseData['body'];
  /** How near the one who answered is. */
  readonly reach: Reach;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class HttpVisitor {
  readonly #route: Route;
  readonly #headers: Readonly<Record<string, string>>;
  /** By origin and addresses: a connection that is kept open leads where its visitor was judged to go. */
  readonly #dispatchers = new Map<string, Dispatcher>();

  /** `client`: what we call ourselves, as in `unchoke 1.0`. */
  constructor(route: Route, client: string) {
    this.#route = route;
    this.#headers = { 'user-agent': client.replace(' ', '/'), 'accept-encoding': 'identity' };
  }

  /** GETs a URL, over redirects. Rejects with HttpError, whatever went wrong. */
  async visit(url: string, visit: Visit): Promise<Visited> {
    try {
      let at = new URL(url);
      let before: Reach | null = null;
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        const visited: Visited = await this.#once(at, before, visit);
        const { location } = visited.headers as { location?: string | string[] };
        if (!REDIRECTS.has(visited.status) || typeof location !== 'string') return visited;
        await visited.body.dump();
        before = visited.reach;
        at = redirected(location, at);
      }
      throw new HttpError(`it redirects more than ${MAX_REDIRECTS} times`);
    } catch (error) {
      throw httpErrorOf(error, visit.signal);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
  }

  async #once(at: URL, before: Reach | null, visit: Visit): Promise<Visited> {
    const pinned = await this.#pin(at);
    const { reach } = pinned;
    const refusal = visit.refuses?.(at, reach) ?? null;
    if (refusal !== null) throw new HttpRefusal(refusal);
    if (before !== null && !mayName(before, reach))
      throw new HttpRefusal('it redirects into a network that is nearer than itself');
    const { request } = await import('undici');
    const dispatcher = await this.#dispatcherFor(at.origin, pinned);
    const { signal, headers, silenceMs } = visit;
    const times = silenceMs === undefined ? {} : { headersTimeout: silenceMs, bodyTimeout: silenceMs };
    const options = { dispatcher, signal, ...times, headers: { ...this.#headers, ...headers } };
    const response = await request(at.href, options);
    return { status: response.statusCode, headers: response.headers, body: response.body, reach };
  }

  /** Behind a proxy names are looked up by the proxy, so only what needs no look-up can be judged. */
  async #pin(url: URL): Promise<PinnedHost> {
    const isName = !/^[\d.]+$|^\[/.test(url.hostname);
    if (this.#route.proxy === null || !isName) return pinHost(url);
    const isLocal = /(?:^|\.)localhost\.?$/i.test(url.hostname);
    return { reach: isLocal ? 'loopback' : 'public', key: 'proxy', lookup: () => {} };
  }

  /** Loaded when HTTP is first needed: it takes longer to load than the threads take to start. */
  async #dispatcherFor(origin: string, { key, lookup }: PinnedHost): Promise<Dispatcher> {
    const name = `${origin} ${key}`;
    const known = this.#dispatchers.get(name);
    if (known !== undefined) return known;
    const { Agent, ProxyAgent } = await import('undici');
    const { proxy, localAddress } = this.#route;
    let dispatcher: Dispatcher;
    if (proxy === null) {
      const local = localAddress === null ? {} : { localAddress };
      dispatcher = new Agent({ pipelining: 1, connect: { lookup, ...local }, ...local });
    } else if (/^socks5:/i.test(proxy)) {
      const { socksConnector } = await import('./socks-connector.ts');
      dispatcher = new Agent({ pipelining: 1, connect: socksConnector(new URL(proxy)) });
    } else dispatcher = new ProxyAgent(proxy);
    this.#dispatchers.set(name, dispatcher);
    await this.#dropOldest();
    return dispatcher;
  }

  /** Names whose addresses change must not fill our memory. */
  async #dropOldest(): Promise<void> {
    const [oldest] = this.#dispatchers;
    if (this.#dispatchers.size <= MAX_HTTP_ORIGINS || oldest === undefined) return;
    this.#dispatchers.delete(oldest[0]);
    await oldest[1].close();
  }
}

/** What went wrong, in words for the user. */
export function httpErrorOf(error: unknown, signal: AbortSignal): HttpError {
  if (error instanceof HttpError) return error;
  if (signal.aborted) return new HttpError('no answer in time', { cause: error });
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return new HttpError('nobody listens there', { cause: error });
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new HttpError('it fell silent', { cause: error });
  return new HttpError(code ?? String(message), { cause: error });
}

function redirected(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new HttpError('it redirects to what is no URL');
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw new HttpError(`it redirects to ${to.protocol}, which is not HTTP`);
  return to;
}
