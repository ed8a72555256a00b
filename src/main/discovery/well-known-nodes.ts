import type { HostPort } from '../../shared/compact-peers.ts';

/** DHT nodes that the large clients use, too. */
export const WELL_KNOWN_NODES: readonly HostPort[] = [
  { host: 'router.bittorrent.com', port: 6_881 },
  { host: 'router.utorrent.com', port: 6_881 },
  { host: 'dht.transmissionbt.com', port: 6_881 },
];
