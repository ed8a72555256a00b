/** How far the cluster is, as far as this node knows. */
import type { ClusterFigures, ClusterHost } from './cluster-host.ts';
import type { Departure } from './departure.ts';
import type { Nodes } from './nodes.ts';

export function figuresOf(
  nodes: Nodes,
  departure: Departure,
  host: Pick<ClusterHost, 'name' | 'bytes'>,
): ClusterFigures {
  const { outside, nodes: inside } = host.bytes();
  const { size, complete, missing } = departure;
  let [allOutsideBytes, allNodeBytes] = [outside, inside];
  for (const { state } of nodes.all) {
    allOutsideBytes += state?.outsideBytes ?? 0;
    allNodeBytes += state?.nodeBytes ?? 0;
  }
  const slowest = departure.slowest(host.name);
  return {
    ...{ nodes: nodes.alive.length + 1, size, complete, missing, slowest },
    ...{ outsideBytes: outside, nodeBytes: inside, allOutsideBytes, allNodeBytes },
  };
}
