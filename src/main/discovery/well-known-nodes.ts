import type { HostPort } from '../../shared/compact-peers.ts';

/** Nodes of the DHT that the large clients name, too. */
export const WELL_KNOWN_NODES: readonly HostPort[] = [
  { host: 'router.bittorrent.com', port: 6_881 },
  { host: 'router.utorrent.com', port: 6_881 },
  { host: 'dht.transmissionbt.com', port: 6_881 },
];
