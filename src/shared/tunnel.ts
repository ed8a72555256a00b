/** HTTP connections through the user's proxy of any kind. Loaded only with a proxy. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { proxyAuthorization, serverOf } from './http-proxy.ts';
import { CONNECT_TIMEOUT_MS } from './limits.ts';
import { networkWords } from './network-words.ts';
import { PROXY_DOWN, socksWords } from './proxy-words.ts';
import { dialProxy, through } from './socks.ts';
import { socksProxyOf } from './socks-proxy.ts';

/** The destination of an HTTP request, in the form of Node's agents. */
export interface Destination {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  readonly servername?: string | undefined;
}

/**
 * A connection to the destination through the proxy (`http://`, `https://` or `socks5://`), with TLS inside if `secure`. The
 * proxy looks up the name. Rejects with an Error that contains the proxy's answer, and when `signal` aborts.
 */
export async function tunnel(
  proxy: URL,
  destination: Destination,
  secure: boolean,
  signal: AbortSignal,
): Promise<Socket> {
  const host = destination.host ?? '';
  const port = Number(destination.port ?? (secure ? 443 : 80));
  const isSocks = /^socks5:/i.test(proxy.protocol);
  signal.throwIfAborted();
  const way = isSocks ? overSocks : overHttp;
  const socket = await way(proxy, host, port, signal);
  if (!secure) return socket;
  const name = destination.servername ?? '';
  return connectTls({ socket, ...(name === '' ? {} : { servername: name }) });
}

async function overSocks(url: URL, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const proxy = socksProxyOf(url.href);
  const dialled = dialProxy(proxy);
  const abort = (): void => void dialled.destroy();
  signal.addEventListener('abort', abort, { once: true });
  // The package emits `connect` itself, and drops the code of an error.
  let failed: NodeJS.ErrnoException | null = null;
  dialled.once('error', (error) => {
    failed = error;
  });
  try {
    return await through(dialled, proxy, host, port);
  } catch (error) {
    dialled.destroy();
    throw proxyError(failed, error as Error);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** RFC 9110, 9.3.6: CONNECT. */
function overHttp(proxy: URL, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...serverOf(proxy),
    method: 'CONNECT',
    path: target,
    agent: false,
    signal,
    timeout: CONNECT_TIMEOUT_MS,
    headers: { host: target, ...proxyAuthorization(proxy) },
  });
  return new Promise((resolve, reject) => {
    request.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.syscall === 'connect' ? unreached(error) : error),
    );
    request.once('timeout', () => request.destroy(new Error('the proxy does not answer')));
    request.once('connect', ({ statusCode }, socket: Socket) => {
      socket.setTimeout(0);
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy refuses: HTTP status ${statusCode}`));
    });
    // A proxy that does not support CONNECT answers like any server.
    request.once('response', (response) => {
      response.destroy();
      reject(new Error(`the proxy refuses: HTTP status ${response.statusCode}`));
    });
    request.end();
  });
}

/** `ofSocket`: what the system said, if the connection to the proxy failed. */
function proxyError(ofSocket: NodeJS.ErrnoException | null, error: Error): Error {
  if (ofSocket?.syscall === 'connect') return unreached(ofSocket);
  return new Error(socksWords(error.message), { cause: error });
}

function unreached(error: Error): Error {
  return new Error(`${PROXY_DOWN}: ${networkWords(error)}`, { cause: error });
}
