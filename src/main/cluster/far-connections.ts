/** Data between nodes takes the network that the user means, not the line to the outside over which a tracker would lead it. */
import type { ClusterHost } from './cluster-host.ts';
import type { Node } from './nodes.ts';

export function dismissFar({ links }: Node, host: Pick<ClusterHost, 'wayOf' | 'tell'>): void {
  const ways = [...links.keys()].map((peer) => ({ peer, way: host.wayOf(peer) }));
  if (!ways.some(({ way }) => way === 'named')) return;
  for (const { peer, way } of ways)
    if (way === 'found') host.tell(peer, { type: 'dismiss', peer, code: 'twice' });
}
