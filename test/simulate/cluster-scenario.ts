/** Random clusters by seed, and what must hold for each: all nodes that live are complete in time, and little came twice from outside. */
import type { ClusterKey } from '../../src/main/cluster/cluster-key.ts';
import { HANDOVER_RETURN_MS, NODE_SILENCE_MS } from '../../src/shared/limits.ts';
import { dice } from '../support/dice.ts';
import { ClusterModel } from './cluster-model.ts';
import type { ClusterFault, ClusterOutcome, ClusterScenario } from './cluster-run.ts';

/** The longest run, beyond which nothing is waited for. */
const LIMIT_MS = 600_000;
/** So that the rest brings everything within that time. */
const MOST_WITHOUT_LINES = 8;
/** Of the size: what is fetched twice by nodes that have not met, or because one was lost. */
const SPARE = 1.05;
const SPARE_WITH_FAULTS = 1.15;
/** Of the time that the lines need, and what finding each other and the last pieces take. */
const SLACK = 1.15;
const SLACK_MS = 5_000;

/** A few large clusters, many small ones. */
export function clusterScenarioOf(seed: number): ClusterScenario {
  const roll = dice(seed);
  const isLarge = roll(20) === 0;
  const nodes = isLarge ? 50 + roll(151) : 2 + roll(30);
  const pieces = nodes * (8 + roll(isLarge ? 4 : 40));
  const pieceBytes = 65_536 << roll(6);
  // Between 10 and 60 seconds of work.
  const seconds = 10 + roll(50);
  const bytesPerS = Math.round((pieces * pieceBytes) / (nodes * seconds));
  let faults: ClusterFault[] = [];
  const touched = new Set<number>();
  for (let left = roll(1 + Math.ceil(nodes / 8)); left > 0; left--) {
    // Others are found through the first ones.
    const node = Math.min(3, nodes - 1) + roll(Math.max(1, nodes - 3));
    if (node >= nodes || touched.has(node)) continue;
    touched.add(node);
    faults.push(faultOf(roll, node, seconds * 1_000));
  }
  // Where one is killed nobody waits for all, and one that is lost for a while may find the others complete and gone.
  const mayFreeze = (fault: ClusterFault): boolean => fault.kind !== 'freeze' || fault.ms < NODE_SILENCE_MS;
  if (faults.some(({ kind }) => kind === 'kill')) faults = faults.filter(mayFreeze);
  // Few have a line to the outside that is worth the name.
  if (roll(6) === 0 && nodes <= MOST_WITHOUT_LINES)
    for (let node = 1 + roll(nodes); node < nodes; node++)
      if (!touched.has(node)) faults.push({ kind: 'slow', node, part: 0.001 });
  const spreadMs = roll(1_500);
  // At the end, so that a seed keeps the rest that it had.
  const listed = roll(4) === 0 ? 1 : 3;
  // A node with a slow line would need long for them.
  const mayCut = roll(4) === 0 && !faults.some(({ kind }) => kind === 'slow');
  const edges = mayCut ? 1 + roll(Math.ceil(pieces / 20)) : 0;
  return { seed, nodes, pieces, pieceBytes, bytesPerS, spreadMs, listed, edges, faults };
}

function faultOf(roll: (below: number) => number, node: number, ms: number): ClusterFault {
  const atMs = roll(ms);
  switch (roll(5)) {
    case 0:
      return { kind: 'kill', node, atMs, silent: true };
    case 1:
      return { kind: 'kill', node, atMs, silent: false };
    case 2:
      return { kind: 'freeze', node, atMs, ms: 500 + roll(12_000) };
    case 3:
      return { kind: 'late', node, atMs };
    default:
      return { kind: 'slow', node, part: [0, 0.05, 0.1, 0.5][roll(4)] ?? 0 };
  }
}

/** What failed, in words; empty if nothing did. */
export async function clusterFailures(
  scenario: ClusterScenario,
  key: ClusterKey,
): Promise<{ readonly failures: readonly string[]; readonly outcome: ClusterOutcome }> {
  const outcome = await new ClusterModel(scenario, key).run(LIMIT_MS);
  const { pieces, pieceBytes, faults, nodes, edges } = scenario;
  const failures: string[] = [];
  if (outcome.unfinished.length > 0) failures.push(`nodes ${outcome.unfinished.join(', ')} are not complete`);
  // Each node fetches the edges itself.
  const size = (pieces + (nodes - 1) * edges) * pieceBytes;
  // What each node has begun when it meets the others, or is lost.
  const begun = nodes * PIECES_BEGUN * pieceBytes;
  const most = (faults.length === 0 ? SPARE : SPARE_WITH_FAULTS) * size + begun;
  if (outcome.outsideBytes > most)
    failures.push(`${(outcome.outsideBytes / size).toFixed(3)} of the size came from outside`);
  if (faults.length === 0 && outcome.pairs < (nodes * (nodes - 1)) / 2)
    failures.push(`only ${outcome.pairs} pairs of nodes have met`);
  const bound = boundMs(scenario);
  if (outcome.endMs > bound)
    failures.push(`complete after ${outcome.endMs} ms, and not within ${Math.round(bound)}`);
  return { failures, outcome };
}

const PIECES_BEGUN = 3;

/** The lines of the nodes that live for the whole run bring everything; each fault may cost what noticing it takes. */
function boundMs({ nodes, pieces, edges, pieceBytes, bytesPerS, faults, spreadMs }: ClusterScenario): number {
  let lines = nodes;
  let extra = 0;
  for (const fault of faults) {
    if (fault.kind === 'slow') lines -= 1 - fault.part;
    else lines -= 1;
    if (fault.kind === 'freeze') extra = Math.max(extra, fault.atMs + fault.ms);
    if (fault.kind === 'late') extra = Math.max(extra, fault.atMs);
    if (fault.kind === 'kill' && fault.silent) extra += NODE_SILENCE_MS;
  }
  const onePieceMs = (pieceBytes * 1_000) / bytesPerS;
  const all = ((pieces - edges) / Math.max(1, lines) + edges) * onePieceMs;
  const lost = faults.length > 0 ? HANDOVER_RETURN_MS : 0;
  return SLACK * all + SLACK_MS + spreadMs + extra + lost + 4 * onePieceMs;
}
