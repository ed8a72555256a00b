/** The cluster that downloads a torrent, if there is one: connects it with the torrent's peers. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { CLUSTER_PORT } from '../../shared/limits.ts';
import { Cluster } from '../cluster/cluster.ts';
import { ClusterKey } from '../cluster/cluster-key.ts';
import type { ClusterSettings } from '../cluster/cluster-settings.ts';
import { INCOMING, USER } from '../discovery/peer-source.ts';
import type { TorrentListeners } from './torrent-listener.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export interface TorrentClusterOptions {
  readonly swarm: TorrentSwarm;
  /** Bytes from web seeds so far. */
  readonly fetched: () => number;
  readonly listeners: TorrentListeners;
}

/** Of a peer that is not known any more. */
const NOWHERE = { host: '0.0.0.0', port: 0 };

/** Null without settings. It hears the peers from now on, and looks for nodes when it is started. */
export function torrentCluster(
  settings: ClusterSettings | null,
  { swarm, fetched, listeners }: TorrentClusterOptions,
): Cluster | null {
  if (settings === null) return null;
  const { race, session } = swarm;
  const { port: chosen, interface: address } = session.settings;
  const host = address ?? hostname();
  let port: number | null = null;
  // A failure is told by the swarm.
  void session.listen().then(
    (listening) => {
      port = listening;
    },
    () => {},
  );
  const cluster = new Cluster(settings, new ClusterKey(settings.name, settings.secret), {
    world: session.world,
    randomBytes,
    lookUp: session.world.discovery.lookUp,
    name: chosen === CLUSTER_PORT ? host : `${host}:${chosen}`,
    port: () => port,
    bytes: () => {
      const { blockBytes, nodeBytes } = race.totals;
      // A block that came twice may count for its node alone.
      return { outside: Math.max(0, blockBytes - nodeBytes + fetched()), nodes: nodeBytes };
    },
    tell: (peer, command) => race.tell(peer, command),
    addressOf: (peer) => (race.peers.knows(peer) ? race.peers.at(peer) : NOWHERE),
    wayOf: (peer) => {
      const source = race.peers.knows(peer) ? race.peers.at(peer).source : INCOMING;
      if (source === USER) return 'named';
      return source === INCOMING ? 'incoming' : 'found';
    },
    // Nodes name only nodes, and the user trusts them.
    dial: (peers) =>
      void race.add(
        peers.map((peer) => ({ ...peer, eager: true })),
        USER,
      ),
    onNews: (text) => listeners.tell(({ onNews }) => onNews?.(text)),
    onFigures: (figures) => listeners.tell(({ onEvent }) => onEvent?.({ type: 'cluster', ...figures })),
  });
  race.subscribe({
    onClusterEvent: (event) => cluster.hear(event),
    onClosed: (outcomes) => cluster.closed(outcomes),
    onPeersLost: (isLost) => cluster.lost(isLost),
  });
  return cluster;
}
