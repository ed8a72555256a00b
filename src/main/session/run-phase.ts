/** What a run does: it searches for the metadata, fetches the hashes of pieces (BEP 52), waits for memory, looks at what is on disk, downloads, or gives what it has. */
export type RunPhase = 'searching' | 'fetching-hashes' | 'queued' | 'checking' | 'downloading' | 'seeding';

/** It waits for what only peers have. */
export function needsPeers(phase: RunPhase): boolean {
  return phase === 'searching' || phase === 'fetching-hashes' || phase === 'downloading';
}
