/** The outcome of each peer: its last end combined with the best of all its tries, and whether it is dialled again. */
import type { CloseCode } from '../../shared/close-reason.ts';
import { comebackOf } from '../../shared/comeback.ts';
import type { PeerIndex, ShardId } from '../../shared/indices.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import { NO_TIMES, type TimelineStage } from '../../shared/timeline.ts';

export class Outcomes {
  readonly #all = new Map<PeerIndex, PeerOutcome>();
  /** Lost and dialled again later. */
  readonly #retrying = new Set<PeerIndex>();
  /** Those of them that are likely to be there next time. */
  readonly #hopes = new Set<PeerIndex>();
  /** Those of them that were named again after their loss. */
  readonly #named = new Set<PeerIndex>();
  #newlyNamed: PeerIndex[] = [];

  get size(): number {
    return this.#all.size;
  }

  get all(): Iterable<PeerOutcome> {
    return this.#all.values();
  }

  /** Lost peers that are worth waiting for. */
  get hopes(): number {
    return this.#hopes.size;
  }

  of(peer: PeerIndex): PeerOutcome | undefined {
    return this.#all.get(peer);
  }

  /** Lost for now; its shard dials it again. */
  isRetrying(peer: PeerIndex): boolean {
    return this.#retrying.has(peer);
  }

  /** Returns the combined outcome: a peer that was tried several times keeps the best of its tries. */
  settle(outcome: PeerOutcome): PeerOutcome {
    const { peer, retryInMs, reason } = outcome;
    const before = this.#all.get(peer);
    const all = before === undefined ? outcome : merged(before, outcome);
    this.#all.set(peer, all);
    this.giveUp(peer);
    if (retryInMs === null) return all;
    this.#retrying.add(peer);
    if (comebackOf(reason.code) !== 'rarely') this.#hopes.add(peer);
    return all;
  }

  /** It is not dialled again. */
  giveUp(peer: PeerIndex): void {
    this.#retrying.delete(peer);
    this.#hopes.delete(peer);
    this.#named.delete(peer);
  }

  /** It is in play again like a new peer. */
  reopen(peer: PeerIndex): void {
    this.giveUp(peer);
    this.#all.delete(peer);
  }

  /** Peers that only lost the race are in play again. */
  resumeRace(): void {
    for (const [peer, { reason }] of this.#all) if (reason.code === 'race-lost') this.#all.delete(peer);
  }

  /** A source names a known peer. */
  name(peer: PeerIndex): void {
    if (!this.#hopes.has(peer) || this.#named.has(peer)) return;
    this.#named.add(peer);
    this.#newlyNamed.push(peer);
  }

  /** Lost peers that were named again, each once per loss. */
  takeNamed(): PeerIndex[] {
    const named = this.#newlyNamed.filter((peer) => this.#named.has(peer));
    this.#newlyNamed = [];
    return named;
  }
}

/** The newest end, the first time of each stage, and all bytes. */
function merged(before: PeerOutcome, now: PeerOutcome): PeerOutcome {
  const first = (stage: TimelineStage) => before.timeline[stage] ?? now.timeline[stage];
  return {
    ...now,
    timeline: {
      dialed: first('dialed'),
      connected: first('connected'),
      handshaken: first('handshaken'),
      piecesTold: first('piecesTold'),
      interested: first('interested'),
      unchoked: first('unchoked'),
      firstBlock: first('firstBlock'),
      closed: now.timeline.closed,
    },
    client: now.client ?? before.client,
    peerIdPrefix: now.peerIdPrefix ?? before.peerIdPrefix,
    receivedBytes: before.receivedBytes + now.receivedBytes,
    sentBytes: before.sentBytes + now.sentBytes,
  };
}

/** The outcome of a peer that no shard reported. */
export function unheard(
  peer: PeerIndex,
  shard: ShardId,
  stage: 'queued' | 'handshaking',
  now: number,
  code: CloseCode = 'stopped',
): PeerOutcome {
  return {
    peer,
    shard,
    timeline: { ...NO_TIMES, closed: now },
    reason: { stage, code },
    client: null,
    peerIdPrefix: null,
    receivedBytes: 0,
    sentBytes: 0,
    transport: 'tcp',
    retryInMs: null,
  };
}
