/**
 * HTTP as this program needs it: bounded in time, size and redirects, through a proxy where the user names one, and no way for
 * a stranger's URL into our own network. undici carries it.
 */
import type { Dispatcher } from 'undici';
import { mayName, type Reach } from '../shared/address-rules.ts';
import { MAX_REDIRECTS } from '../shared/limits.ts';
import { PinnedHosts } from '../shared/pinned-hosts.ts';
import { CLIENT_NAME } from './identity.ts';

/** The message is for the user, and names no URL: that may hold a passkey. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** How near the one who answered is. */
  readonly reach: Reach;
}

export interface HttpRequest {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Why a URL at this distance is not to be visited; null where it may be. */
  readonly refuses?: (url: URL, reach: Reach) => string | null;
}

/** How this run reaches the network. */
export interface Route {
  /** `http://`, `https://` or `socks5://`; null goes straight. */
  readonly proxy: string | null;
  /** The address of our own that connections leave from; null leaves it to the system. */
  readonly localAddress: string | null;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class HttpClient {
  readonly #route: Route;
  readonly #hosts = new PinnedHosts();
  #dispatcher: Promise<Dispatcher> | null = null;

  constructor(route: Route) {
    this.#route = route;
  }

  /** GETs a URL. Rejects with HttpError, whatever went wrong. */
  async get(url: string, { maxBytes, signal, refuses = () => null }: HttpRequest): Promise<HttpAnswer> {
    try {
      const { request } = await import('undici');
      this.#dispatcher ??= this.#makeDispatcher();
      const dispatcher = await this.#dispatcher;
      let at = new URL(url);
      let before: Reach | null = null;
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        const reach = await this.#reachOf(at);
        const refusal = refuses(at, reach);
        if (refusal !== null) throw new HttpError(refusal);
        if (before !== null && !mayName(before, reach))
          throw new HttpError('it redirects into a network that is nearer than itself');
        const response = await request(at.href, { dispatcher, signal, headers: HEADERS });
        const location = response.headers['location'];
        if (!REDIRECTS.has(response.statusCode) || typeof location !== 'string')
          return { status: response.statusCode, body: await bounded(response.body, maxBytes), reach };
        await response.body.dump();
        if (!URL.canParse(location, at.href)) throw new HttpError('it redirects to what is no URL');
        at = new URL(location, at);
        if (at.protocol !== 'http:' && at.protocol !== 'https:')
          throw new HttpError(`it redirects to ${at.protocol}, which is not HTTP`);
        before = reach;
      }
      throw new HttpError(`it redirects more than ${MAX_REDIRECTS} times`);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      if (signal.aborted) throw new HttpError('no answer in time', { cause: error });
      throw new HttpError(reasonOf(error), { cause: error });
    }
  }

  async close(): Promise<void> {
    await (await this.#dispatcher)?.destroy();
  }

  /** Behind a proxy names are looked up by the proxy, so only what is written as an address can be judged. */
  async #reachOf(url: URL): Promise<Reach> {
    if (this.#route.proxy !== null && !/^[\d.]+$|^\[/.test(url.hostname)) return 'public';
    return this.#hosts.pin(url);
  }

  /** Loaded when HTTP is first needed: it takes longer to load than the threads take to start. */
  async #makeDispatcher(): Promise<Dispatcher> {
    const { Agent, ProxyAgent, Socks5ProxyAgent } = await import('undici');
    const { proxy, localAddress } = this.#route;
    if (proxy?.startsWith('socks5:')) return new Socks5ProxyAgent(proxy);
    if (proxy !== null) return new ProxyAgent(proxy);
    const { lookup } = this.#hosts;
    return new Agent({
      pipelining: 0,
      connect: { lookup, ...(localAddress === null ? {} : { localAddress }) },
    });
  }
}

const HEADERS = { 'user-agent': CLIENT_NAME.replace(' ', '/'), 'accept-encoding': 'identity' };

async function bounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new HttpError(`an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  return code === undefined ? String(message) : `${code}`;
}
