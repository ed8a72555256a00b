/** The TCP transport with every dial through a SOCKS5 proxy. */
import type { SocksProxy } from '../../shared/socks-proxy.ts';
import { SocksSocket } from './socks-socket.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { Address, Connection, ConnectionEvents } from './transport.ts';

export class SocksTransport extends TcpTransport {
  readonly #proxy: SocksProxy;

  constructor(proxy: SocksProxy) {
    super(null);
    this.#proxy = proxy;
  }

  override connect(address: Address, events: ConnectionEvents): Connection {
    return new SocksSocket(address, this.#proxy, this.readBuffer, events);
  }
}
