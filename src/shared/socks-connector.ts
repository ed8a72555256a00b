/** How undici gets a connection through a SOCKS5 proxy, with TLS behind it where the URL wants that. */
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { buildConnector } from 'undici';
import { dialProxy, through } from './socks.ts';
import { socksProxyOf } from './socks-proxy.ts';

export function socksConnector(proxyUrl: URL): buildConnector.connector {
  const proxy = socksProxyOf(proxyUrl.href);
  return ({ hostname, port, protocol, servername }, callback) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const secure = protocol === 'https:';
    const done = (socket: Socket): void => callback(null, socket);
    const dialled = dialProxy(proxy);
    through(dialled, proxy, host, Number(port) || (secure ? 443 : 80)).then(
      (socket) => {
        if (!secure) return done(socket);
        const name = servername ?? (isIP(host) === 0 ? host : undefined);
        const tls = connectTls({ socket, ...(name === undefined ? {} : { servername: name }) }, () =>
          done(tls),
        );
        tls.once('error', (error) => callback(error, null));
      },
      (error: Error) => {
        dialled.destroy();
        callback(error, null);
      },
    );
  };
}
