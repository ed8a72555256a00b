/** What this node says of itself to another one. */
import type { ClusterHost } from './cluster-host.ts';
import type { Departure } from './departure.ts';
import type { NodeState } from './node-message.ts';
import type { Node } from './nodes.ts';
import type { Sharing } from './sharing.ts';
import type { Vouching } from './vouching.ts';

interface OwnParts {
  readonly host: Pick<ClusterHost, 'name' | 'port' | 'bytes'>;
  readonly departure: Departure;
  /** Null until the torrent is known. */
  readonly sharing: Sharing | null;
  /** Of a plain file. */
  readonly vouching: Vouching | null;
}

export function ownState({ host, departure, sharing, vouching }: OwnParts, to: Node): NodeState {
  const { outside, nodes } = host.bytes();
  // A complete node has no work to give: what it looked at last is old.
  const { free = [], busy = [] } = (!departure.isComplete && sharing?.outlook) || {};
  return {
    name: host.name,
    port: host.port(),
    wants: sharing?.wants ?? null,
    isComplete: departure.isComplete,
    ...(vouching?.making ?? { makesHashes: false, resigned: 0 }),
    seesComplete: to.isComplete,
    allSeen: departure.allSeen(),
    leaves: departure.isLeaving,
    left: free.length,
    bytesPerS: sharing?.bytesPerS ?? 0,
    busy,
    outsideBytes: outside,
    nodeBytes: nodes,
  };
}
