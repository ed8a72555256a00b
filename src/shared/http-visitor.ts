/**
 * HTTP with a proxy if the user names one, a limited number of redirects, and no access to our own network for the URLs of
 * strangers. Node's own client does the work.
 */
import { setMaxListeners } from 'node:events';
import {
  type Agent,
  type AgentOptions,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  request,
} from 'node:http';
import type { Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { mayName, type Reach } from './address-rules.ts';
import { forwarded, proxyRefusal } from './http-proxy.ts';
import { closeKept, requestError, StaleConnection } from './kept-connections.ts';
import { MAX_HTTP_ORIGINS, MAX_REDIRECTS } from './limits.ts';
import { isLocalhost, LookUpError } from './name-lookup.ts';
import { networkWords } from './network-words.ts';
import { type PinnedHost, pinHost } from './pinned-hosts.ts';
import { PROXY_DOWN } from './proxy-words.ts';
import { watchSilence } from './silence.ts';

/** The message is for the user and contains no URL, because a URL may hold a passkey. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

/** We refuse to visit this URL; this will not change. */
export class HttpRefusal extends HttpError {}

/** More bytes than the one who asked wants. */
export class HttpTooLong extends HttpError {
  constructor(maxBytes: number, options?: ErrorOptions) {
    super(`the answer is longer than ${maxBytes} bytes`, options);
  }
}

/** A redirect to a URL that is not HTTP. */
export class RedirectElsewhere extends HttpError {
  readonly location: string;

  constructor({ href, protocol }: URL) {
    super(`it redirects to ${protocol}, which is not HTTP`);
    this.location = href;
  }
}

/** No name server knows the host. */
export class HttpHostUnknown extends HttpError {}

/** The answer to a lenient visit is not HTTP for Node's parser: where parsing ended, and the same request for `rawAnswer`. */
export class HttpUnreadable extends HttpError {
  readonly packet: Buffer;
  readonly reach: Reach;
  readonly question: RequestOptions;

  constructor(packet: Buffer, reach: Reach, question: RequestOptions, options: ErrorOptions) {
    super(networkWords(options.cause as Error), options);
    this.packet = packet;
    this.reach = reach;
    this.question = question;
  }
}

/** How a run reaches the network. */
export interface Route {
  /** `http://`, `https://` or `socks5://`; null: no proxy. */
  readonly proxy: string | null;
  /** Our address that connections come from; null: the system chooses. */
  readonly localAddress: string | null;
}

export interface Visit {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** The server counts as silent after this many milliseconds without a byte. */
  readonly silenceMs?: number;
  /** Why a URL at this distance must not be visited; null if it may be. */
  readonly refuses?: (url: URL, reach: Reach) => string | null;
  /** Use only the host's addresses of this family. Behind a proxy, the proxy chooses. */
  readonly family?: 4 | 6;
  /** Accept answers that break the rules of HTTP in ways that other clients ignore. */
  readonly lenient?: boolean;
  /** The reach of the server that named this URL, if one did; see `Landing`. */
  readonly namedBy?: Reach | null;
}

/** Where a visit ended after its redirects, and the reach of the server that named this place. A later visit may go there directly. */
export interface Landing {
  readonly url: string;
  readonly namedBy: Reach | null;
}

export interface Visited {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The caller must read it to its end or destroy it. */
  readonly body: IncomingMessage;
  /** The reach of the server that answered. */
  readonly reach: Reach;
  readonly landing: Landing;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class HttpVisitor {
  readonly #route: Route;
  readonly #headers: Readonly<Record<string, string>>;
  /** By origin and addresses: a connection that stays open leads to the addresses that were checked. */
  readonly #agents = new Map<string, Agent>();
  readonly #closing = new AbortController();

  /** `client`: our name, such as `unchoke 1.0`. */
  constructor(route: Route, client: string) {
    this.#route = route;
    this.#headers = { 'user-agent': client.replace(' ', '/'), 'accept-encoding': 'identity' };
    setMaxListeners(0, this.#closing.signal);
  }

  /** GETs a URL and follows redirects. Every failure is an HttpError. */
  async visit(url: string, visit: Visit): Promise<Visited> {
    try {
      let at = new URL(url);
      let before: Reach | null = visit.namedBy ?? null;
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        const visited: Visited = await this.#once(at, before, visit);
        const { location } = visited.headers as { location?: string | string[] };
        if (!REDIRECTS.has(visited.status) || typeof location !== 'string') return visited;
        visited.body.destroy();
        before = visited.reach;
        at = redirected(location, at);
      }
      throw new HttpError(`it redirects more than ${MAX_REDIRECTS} times`);
    } catch (error) {
      throw httpErrorOf(error, visit.signal);
    }
  }

  close(): void {
    this.#closing.abort();
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #once(at: URL, before: Reach | null, visit: Visit): Promise<Visited> {
    const pinned = await this.#pin(at, visit);
    const { reach } = pinned;
    const refusal = visit.refuses?.(at, reach) ?? null;
    if (refusal !== null) throw new HttpRefusal(refusal);
    if (before !== null && !mayName(before, reach))
      throw new HttpRefusal('it redirects to a private or loopback address');
    const headers = { ...this.#headers, ...visit.headers };
    const options = await this.#way(at, pinned, headers);
    const body = await answerTo(options, visit)
      .catch((error: unknown) => {
        if (!(error instanceof StaleConnection)) throw error;
        // Others that were kept are as old.
        closeKept(options.agent);
        return answerTo(options, visit);
      })
      .catch((error: ParserError) => {
        const { code, rawPacket, syscall } = error;
        // Behind an HTTP proxy, the connection that failed was to the proxy.
        if (this.#route.proxy !== null && syscall === 'connect')
          throw new HttpError(`${PROXY_DOWN}: ${networkWords(error)}`, { cause: error });
        if (visit.lenient !== true || !code?.startsWith('HPE_') || rawPacket === undefined) throw error;
        throw new HttpUnreadable(rawPacket, reach, options, { cause: error });
      });
    const ofProxy = proxyRefusal(body.statusCode, options.headers);
    if (ofProxy !== null) {
      body.destroy();
      throw new HttpError(ofProxy);
    }
    const landing = { url: at.href, namedBy: before };
    return { status: body.statusCode ?? 0, headers: body.headers, body, reach, landing };
  }

  /** Behind a proxy, the proxy looks up names, so only addresses can be checked. */
  async #pin(url: URL, { signal, family }: Visit): Promise<PinnedHost> {
    const isName = !/^[\d.]+$|^\[/.test(url.hostname);
    if (this.#route.proxy === null || !isName) return pinHost(url, signal, family);
    return {
      reach: isLocalhost(url.hostname) ? 'loopback' : 'public',
      key: 'proxy',
      addresses: [],
      lookup: () => {},
    };
  }

  /** Direct, through a tunnel, or as a request to the proxy itself. */
  async #way(
    at: URL,
    pinned: PinnedHost,
    headers: Readonly<Record<string, string>>,
  ): Promise<RequestOptions & { readonly agent: Agent; readonly headers: OutgoingHttpHeaders }> {
    const { proxy } = this.#route;
    if (proxy === null || at.protocol !== 'http:' || !/^https?:/i.test(proxy)) {
      const agent = await this.#agentFor(at, pinned);
      return { ...urlToHttpOptions(at), agent, headers };
    }
    const server = new URL(proxy);
    const agent = this.#kept(
      `proxy ${server.origin}`,
      await this.#newAgent(server.protocol === 'https:', {}),
    );
    return { ...forwarded(server, at, headers), agent };
  }

  async #agentFor({ origin, protocol }: URL, { key, lookup }: PinnedHost): Promise<Agent> {
    const name = `${origin} ${key}`;
    const known = this.#agents.get(name);
    if (known !== undefined) return known;
    const secure = protocol === 'https:';
    const agent = await this.#newAgent(secure, { lookup });
    const { proxy } = this.#route;
    if (proxy !== null) {
      const { tunnel } = await import('./tunnel.ts');
      agent.createConnection = (options, callback) => {
        const made = (socket: Socket): void => callback?.(null, socket);
        const failed = (error: Error): void => callback?.(error, undefined as never);
        tunnel(new URL(proxy), options, secure, this.#closing.signal).then(made, failed);
        return undefined;
      };
    }
    return this.#kept(name, agent);
  }

  /** TLS is loaded only when a URL needs it: most trackers do not. */
  async #newAgent(secure: boolean, options: AgentOptions): Promise<Agent> {
    const { Agent } = await import(secure ? 'node:https' : 'node:http');
    const { localAddress } = this.#route;
    return new Agent({ keepAlive: true, ...options, ...(localAddress === null ? {} : { localAddress }) });
  }

  /** The kept agent with that name; this one if there is none yet. */
  #kept(name: string, agent: Agent): Agent {
    const known = this.#agents.get(name);
    if (known !== undefined) return known;
    this.#agents.set(name, agent);
    this.#dropOldest();
    return agent;
  }

  /** Names whose addresses change must not fill the memory. */
  #dropOldest(): void {
    const [oldest] = this.#agents;
    if (this.#agents.size <= MAX_HTTP_ORIGINS || oldest === undefined) return;
    const [name, agent] = oldest;
    this.#agents.delete(name);
    // Requests that it still carries may finish.
    agent.maxFreeSockets = 0;
    closeKept(agent);
  }
}

/** The error of Node's HTTP parser. */
type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** Sends the request and waits for the head of the answer. The signal and the silence time-out also cover the body. */
function answerTo(options: RequestOptions, { signal, silenceMs, lenient }: Visit): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({
      ...options,
      ...(lenient === true ? { insecureHTTPParser: true } : {}),
    });
    let body: IncomingMessage | null = null;
    // A request without a connection reports its end only when it gets one.
    const fail = (why: string): void => {
      const error = new HttpError(why);
      reject(error);
      (body ?? sent).destroy(error);
    };
    const abort = (): void => fail('no answer in time');
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    sent.once('close', () => signal.removeEventListener('abort', abort));
    if (silenceMs !== undefined) watchSilence(sent, silenceMs, () => fail('it fell silent'));
    sent.on('error', (error) => reject(requestError(sent, error)));
    sent.once('response', (response) => {
      body = response;
      resolve(response);
    });
    sent.end();
  });
}

/** The failure as a message for the user. */
export function httpErrorOf(error: unknown, signal: AbortSignal): HttpError {
  if (error instanceof HttpError) return error;
  if (signal.aborted) return new HttpError('no answer in time', { cause: error });
  if (error instanceof LookUpError && error.unknown)
    return new HttpHostUnknown(error.message, { cause: error });
  return new HttpError(networkWords(error as Error), { cause: error });
}

function redirected(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new HttpError('it redirects to an invalid URL');
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new RedirectElsewhere(to);
  return to;
}
