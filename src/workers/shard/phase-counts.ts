/** How many peers of a shard are in each phase, and how many ever reached each stage. */
import type { PeerState, Phase } from '../peer/peer-state.ts';

export class PhaseCounts {
  readonly #now: Record<Phase, number> = {
    queued: 0,
    dialing: 0,
    handshaking: 0,
    choked: 0,
    unchoked: 0,
    closed: 0,
  };
  #dialed = 0;
  #connected = 0;
  #handshaken = 0;
  #everUnchoked = 0;

  of(phase: Phase): number {
    return this.#now[phase];
  }

  /** Moves one peer. Called at each change of phase, from one place. */
  move(before: PeerState, after: PeerState): void {
    if (before.phase !== 'queued') this.#now[before.phase] -= 1;
    if (after.phase !== 'queued') this.#now[after.phase] += 1;
    if (after.phase === 'dialing') this.#dialed += 1;
    else if (after.phase === 'queued') this.#dialed -= 1;
    else if (after.phase === 'handshaking') this.#connected += 1;
    else if (before.phase === 'handshaking' && after.phase === 'choked') this.#handshaken += 1;
    else if (after.phase === 'unchoked' && after.timeline.unchoked === after.since) this.#everUnchoked += 1;
  }

  snapshot() {
    return {
      dialing: this.#now.dialing,
      handshaking: this.#now.handshaking,
      choked: this.#now.choked,
      unchoked: this.#now.unchoked,
      dialed: this.#dialed,
      connected: this.#connected,
      handshaken: this.#handshaken,
      everUnchoked: this.#everUnchoked,
    };
  }
}
