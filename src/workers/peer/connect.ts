/** Opens the connection to a peer, in the way in which it is tried now. */
import type { Approach } from '../dialling/approaches.ts';
import { SecureConnection } from '../transport/encryption/mse-connection.ts';
import type { Address, Connection, ConnectionEvents } from '../transport/transport.ts';
import { hashOf } from './identity.ts';
import type { PeerHost } from './peer-host.ts';

export function connect(
  events: ConnectionEvents,
  address: Address,
  { secure, utpOnly, version = 1 }: Approach,
  { transport, greetings: { identity } }: PeerHost,
): Connection {
  if (!secure) return transport.connect(address, events, utpOnly);
  const setup = { ...identity, infoHash: hashOf(identity, version) };
  const wrapped = new SecureConnection(transport.readBuffer, events, setup);
  return wrapped.attach(transport.connect(address, wrapped, utpOnly));
}
