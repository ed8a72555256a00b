/** What a download says when the user ends it. */
import type { RunPhase } from '../../session/run-phase.ts';
import { formatSize } from '../../text/units.ts';

/** Before the end of a check nothing counts as verified. */
export function interruptedText(phase: RunPhase, verifiedBytes: number): string {
  if (phase === 'searching') return 'interrupted before the metadata was found';
  if (phase === 'fetching-hashes') return 'interrupted before the hashes of the pieces came';
  if (phase === 'queued') return 'interrupted while it waited for its turn; the same command resumes';
  if (phase === 'checking' && verifiedBytes === 0)
    return 'interrupted while it checked what is there; the same command checks again';
  return `interrupted at ${formatSize(verifiedBytes)} verified; the same command resumes`;
}
