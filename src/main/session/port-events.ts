/** The events of a torrent that say where peers can connect to us. */
import type { Count } from '../quantities.ts';

/** Peers can connect to us at this port. */
export interface ListeningEvent {
  readonly type: 'listening';
  /** The port number. */
  readonly port: Count;
  /**
   * Our addresses, public ones first. Loopback ones only if this machine has no others; empty if the system does not say. A router or a
   * firewall may be between them and the peers.
   */
  readonly addresses: readonly string[];
}

/** No peer can connect to us. The download goes on without it. */
export interface NotListeningEvent {
  readonly type: 'not-listening';
  /** `off`: by the settings; `proxy`: nothing bypasses the proxy; `failed`: the port could not be opened. */
  readonly cause: 'off' | 'proxy' | 'failed';
  readonly reason: string;
}

/** The router forwards a port to ours, so that peers of other networks can connect to us. Again when something of it changes. */
export interface PortMappedEvent {
  readonly type: 'port-mapped';
  /** Our port. */
  readonly port: Count;
  /** The port of the router: the one that trackers and the DHT are told. */
  readonly externalPort: Count;
  /** The address of the router; null if it does not know. */
  readonly address: string | null;
  /** How the router was asked. */
  readonly protocol: 'pcp' | 'nat-pmp' | 'upnp';
  /** What it forwards: connections over TCP, and over UDP for uTP. */
  readonly transports: readonly ('tcp' | 'udp')[];
}

/** No router forwards our port, or no longer, or none has to. The download goes on without it. */
export interface PortNotMappedEvent {
  readonly type: 'port-not-mapped';
  /** Our port. */
  readonly port: Count;
  /**
   * `failed`: the router did not help; `no-router`: this machine has none that could; `public-address`: it needs none, because it has a
   * public address of its own.
   */
  readonly cause: 'failed' | 'no-router' | 'public-address';
  readonly reason: string;
}
