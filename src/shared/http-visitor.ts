/**
 * HTTP as this program needs it: through a proxy where the user names one, a few redirects and no more, and no way for a
 * stranger's URL into our own network. Node's own client carries it.
 */
import { setMaxListeners } from 'node:events';
import { type Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { mayName, type Reach } from './address-rules.ts';
import { MAX_HTTP_ORIGINS, MAX_REDIRECTS } from './limits.ts';
import { type PinnedHost, pinHost } from './pinned-hosts.ts';
import { watchSilence } from './silence.ts';

/** The message is for the user, and names no URL: that may hold a passkey. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

/** Our own refusal to visit a URL: it will not change. */
export class HttpRefusal extends HttpError {}

/** The way leads to a URL that is not HTTP. */
export class RedirectElsewhere extends HttpError {
  readonly location: string;

  constructor({ href, protocol }: URL) {
    super(`it redirects to ${protocol}, which is not HTTP`);
    this.location = href;
  }
}

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
  /** How near the server is that named this URL, if one did; see `Landing`. */
  readonly namedBy?: Reach | null;
}

/** Where a visit ended after its redirects, and how near the server is that named this place: a later visit may go there directly. */
export interface Landing {
  readonly url: string;
  readonly namedBy: Reach | null;
}

export interface Visited {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** To be read to its end, or destroyed. */
  readonly body: IncomingMessage;
  /** How near the one who answered is. */
  readonly reach: Reach;
  readonly landing: Landing;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class HttpVisitor {
  readonly #route: Route;
  readonly #headers: Readonly<Record<string, string>>;
  /** By origin and addresses: a connection that is kept open leads where its visitor was judged to go. */
  readonly #agents = new Map<string, Agent>();
  readonly #closing = new AbortController();

  /** `client`: what we call ourselves, as in `unchoke 1.0`. */
  constructor(route: Route, client: string) {
    this.#route = route;
    this.#headers = { 'user-agent': client.replace(' ', '/'), 'accept-encoding': 'identity' };
    setMaxListeners(0, this.#closing.signal);
  }

  /** GETs a URL, over redirects. Rejects with HttpError, whatever went wrong. */
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
    const pinned = await this.#pin(at);
    const { reach } = pinned;
    const refusal = visit.refuses?.(at, reach) ?? null;
    if (refusal !== null) throw new HttpRefusal(refusal);
    if (before !== null && !mayName(before, reach))
      throw new HttpRefusal('it redirects into a network that is nearer than itself');
    const agent = await this.#agentFor(at, pinned);
    const headers = { ...this.#headers, ...visit.headers };
    let body: IncomingMessage;
    try {
      body = await answerTo(at, agent, headers, visit);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      body = await answerTo(at, agent, headers, visit);
    }
    const landing = { url: at.href, namedBy: before };
    return { status: body.statusCode ?? 0, headers: body.headers, body, reach, landing };
  }

  /** Behind a proxy names are looked up by the proxy, so only what needs no look-up can be judged. */
  async #pin(url: URL): Promise<PinnedHost> {
    const isName = !/^[\d.]+$|^\[/.test(url.hostname);
    if (this.#route.proxy === null || !isName) return pinHost(url);
    const isLocal = /(?:^|\.)localhost\.?$/i.test(url.hostname);
    return { reach: isLocal ? 'loopback' : 'public', key: 'proxy', lookup: () => {} };
  }

  async #agentFor({ origin, protocol }: URL, { key, lookup }: PinnedHost): Promise<Agent> {
    const name = `${origin} ${key}`;
    const known = this.#agents.get(name);
    if (known !== undefined) return known;
    const secure = protocol === 'https:';
    // TLS is loaded where a URL wants it: most trackers do not.
    const { Agent } = await import(secure ? 'node:https' : 'node:http');
    const { proxy, localAddress } = this.#route;
    const agent: Agent = new Agent({
      keepAlive: true,
      lookup,
      ...(localAddress === null ? {} : { localAddress }),
    });
    if (proxy !== null) {
      const { tunnel } = await import('./tunnel.ts');
      agent.createConnection = (options, callback) => {
        const made = (socket: Socket): void => callback?.(null, socket);
        const failed = (error: Error): void => callback?.(error, undefined as never);
        tunnel(new URL(proxy), options, secure, this.#closing.signal).then(made, failed);
        return undefined;
      };
    }
    this.#agents.set(name, agent);
    this.#dropOldest();
    return agent;
  }

  /** Names whose addresses change must not fill our memory. */
  #dropOldest(): void {
    const [oldest] = this.#agents;
    if (this.#agents.size <= MAX_HTTP_ORIGINS || oldest === undefined) return;
    const [name, agent] = oldest;
    this.#agents.delete(name);
    // What it still carries may end.
    agent.maxFreeSockets = 0;
    for (const sockets of Object.values(agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }
}

/** A connection that was kept open and that the server closed as we spoke: the question may be asked again. */
class StaleConnection extends Error {}

/** Sends the request and waits for the head of the answer. The signal and the silence hold for the body too. */
function answerTo(
  url: URL,
  agent: Agent,
  headers: Readonly<Record<string, string>>,
  { signal, silenceMs }: Visit,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers });
    let body: IncomingMessage | null = null;
    // A request that has no connection yet would tell its end only when it gets one.
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
    sent.on('error', (error) =>
      reject(sent.reusedSocket && isReset(error) ? new StaleConnection('', { cause: error }) : error),
    );
    sent.once('response', (response) => {
      body = response;
      resolve(response);
    });
    sent.end();
  });
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

/** What went wrong, in words for the user. */
export function httpErrorOf(error: unknown, signal: AbortSignal): HttpError {
  if (error instanceof HttpError) return error;
  if (signal.aborted) return new HttpError('no answer in time', { cause: error });
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return new HttpError('nobody listens there', { cause: error });
  return new HttpError(code ?? String(message), { cause: error });
}

function redirected(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new HttpError('it redirects to what is no URL');
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new RedirectElsewhere(to);
  return to;
}
