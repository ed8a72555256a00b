/** Connections through a SOCKS5 proxy (RFC 1928) with the package `socks`. Loaded only with a proxy. */
import { connect, type Socket } from 'node:net';
import { SocksClient } from 'socks';
import { CONNECT_TIMEOUT_MS } from './limits.ts';
import type { SocksProxy } from './socks-proxy.ts';

/** A socket that connects to the proxy; the caller may destroy it at any time. */
export function dialProxy({ host, port }: SocksProxy): Socket {
  return connect({ host, port, noDelay: true });
}

/** Asks the proxy, over a socket from `dialProxy`, to connect to a host. Rejects with an Error that contains the proxy's answer. */
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
