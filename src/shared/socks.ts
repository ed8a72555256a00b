/** A SOCKS5 proxy (RFC 1928) as the user names it, and connections through it by way of the `socks` package. */
import { connect, type Socket } from 'node:net';
import { SocksClient } from 'socks';
import { CONNECT_TIMEOUT_MS } from './limits.ts';

/** With the name and the word for it where it wants them. */
export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
}

const DEFAULT_PORT = 1_080;

/** Throws TypeError or URIError for what is no such URL. */
export function socksProxyOf(url: string): SocksProxy {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    user: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
  };
}

/** A socket on its way to the proxy; the caller may destroy it at any time. */
export function dialProxy({ host, port }: SocksProxy): Socket {
  return connect({ host, port, noDelay: true });
}

/** Asks the proxy, over a socket that `dialProxy` made, for a way to a host. Rejects with an Error that names what it said. */
export async function through(
  socket: Socket,
  proxy: SocksProxy,
  host: string,
  port: number,
): Promise<Socket> {
  const { user, password } = proxy;
  const answer = await SocksClient.createConnection({
    proxy: {
      host: proxy.host,
      port: proxy.port,
      type: 5,
      ...(user === null ? {} : { userId: user, password: password ?? '' }),
    },
    command: 'connect',
    destination: { host, port },
    timeout: CONNECT_TIMEOUT_MS,
    existing_socket: socket,
  });
  return answer.socket;
}
