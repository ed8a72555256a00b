/** A node said a hash that is not that of what the source sends: it is let in no more, because what it brings cannot be relied on. */
import type { Sayer } from '../torrent/learned-hashes.ts';
import type { ClusterHost } from './cluster-host.ts';
import type { ClusterNews } from './cluster-news.ts';
import type { NodeConnections } from './node-connections.ts';
import type { Nodes } from './nodes.ts';

interface Trusting {
  readonly nodes: Nodes;
  readonly connections: NodeConnections;
  readonly news: ClusterNews;
  readonly host: Pick<ClusterHost, 'tell'>;
}

export function distrust({ id, name }: Sayer, { nodes, connections, news, host }: Trusting): void {
  // An earlier run is no node.
  if (id === '') return;
  news.tell(
    `cluster: ${name} said a hash that is not that of what the source sends: it is believed no more, and nothing is shared with it`,
  );
  for (const peer of nodes.bar(id)) {
    connections.closed(peer);
    host.tell(peer, { type: 'dismiss', peer, code: 'bad-extended' });
  }
}
