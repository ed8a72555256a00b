/** Pieces at the edges of a selection of files: every node wants them, and only a part of each is in its files, so none can give them. */
import type { SharedPlan } from '../../src/main/cluster/sharing.ts';
import type { ClusterScenario } from './cluster-run.ts';

/** Spread over the torrent. */
export function isEdge({ pieces, edges }: ClusterScenario, piece: number): boolean {
  return (piece * edges) % pieces < edges;
}

/** A file for each piece. Of an edge it has all but the first byte. */
export function edgePlan(scenario: ClusterScenario): SharedPlan {
  const { pieces, pieceBytes } = scenario;
  const files = Array.from({ length: pieces }, (_, piece) => {
    const cut = isEdge(scenario, piece) ? 1 : 0;
    return { offset: piece * pieceBytes + cut, length: pieceBytes - cut };
  });
  return { wanted: new Uint8Array(pieces).fill(1), files, padding: [] };
}
