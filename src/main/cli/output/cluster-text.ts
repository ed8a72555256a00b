/** How far the cluster is, in words. */
import type { ClusterProgress } from '../../session/events.ts';
import { counted, formatSize } from '../../text/units.ts';

/** For the line of a complete node that others still need. */
export function waitingText({ complete, size, missing }: ClusterProgress): string {
  const names = missing.length === 0 || missing.length > 3 ? '' : `: waits for ${missing.join(', ')}`;
  return `cluster: ${complete} of ${counted(size, 'node')} complete${names}`;
}

/** For the progress of a download. */
export function clusterText({ nodes, size, outsideBytes, nodeBytes }: ClusterProgress): string {
  const from = `${formatSize(outsideBytes)} from outside, ${formatSize(nodeBytes)} from nodes`;
  return `cluster  ${nodes} of ${counted(size, 'node')}, ${from}`;
}

/** At the end: what the cluster saved. */
export function clusterSummary(progress: ClusterProgress): string {
  const { complete, size, slowest, outsideBytes, nodeBytes, allOutsideBytes, allNodeBytes } = progress;
  const own = `this node got ${formatSize(outsideBytes)} from outside and ${formatSize(nodeBytes)} from nodes`;
  const all = `all nodes got ${formatSize(allOutsideBytes)} from outside and saved ${formatSize(allNodeBytes)}`;
  const last = slowest === null || size === 1 ? '' : `; the last was ${slowest}`;
  return `cluster: ${complete} of ${counted(size, 'node')} complete; ${own}; ${all}${last}`;
}
