/**
 * The recording of a run for its report page: the stages of every peer with their times, and the data rate. Plain data; times
 * count from the start of the race.
 */
import { CLOSE_CODES, type CloseReason } from '../../shared/close-reason.ts';
import { MAX_FLOW_SAMPLES } from '../../shared/limits.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { Timeline } from '../../shared/timeline.ts';
import { clientFamily } from '../race/client-family.ts';
import type { Race } from '../race/race.ts';
import { printable } from '../text/foreign-text.ts';

export interface RecordedPeer {
  readonly name: string;
  readonly family: string;
  readonly source: string;
  readonly transport: string;
  readonly shard: number;
  /** Milliseconds from the start of the race; null for a stage never reached. */
  readonly times: Timeline;
  readonly reason: CloseReason;
  readonly bytes: number;
  /** The first peer that unchoked us. */
  readonly isWinner: boolean;
}

/** Counters at one moment. */
export interface FlowSample {
  readonly ms: number;
  readonly receivedBytes: number;
  readonly verifiedBytes: number;
}

export interface Recording {
  readonly peers: readonly RecordedPeer[];
  readonly flow: readonly FlowSample[];
  /** When the run ended. */
  readonly endMs: number;
}

/** Samples of the data rate: evenly spread, and never more than a chart can show. */
export class FlowRecorder {
  #samples: FlowSample[] = [];
  #everyMs = 0;

  add(sample: FlowSample): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && sample.ms - last.ms < this.#everyMs) return;
    this.#samples.push(sample);
    if (this.#samples.length <= MAX_FLOW_SAMPLES) return;
    this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
    this.#everyMs = (2 * sample.ms) / MAX_FLOW_SAMPLES;
  }

  get samples(): readonly FlowSample[] {
    return this.#samples;
  }
}

/** Call after the race has stopped: then every address has an outcome. */
export function recordingOf(race: Race, flow: readonly FlowSample[], endMs: number): Recording {
  const start = race.firsts.startedAt ?? 0;
  const winner = race.firsts.unchoke?.peer;
  // In the order of their addresses.
  const outcomes = [...race.peers.outcomes].sort((a, b) => a.peer - b.peer);
  const peers = outcomes.map((outcome) => ({
    name: race.peers.nameOf(outcome.peer),
    family: clientFamily(outcome.client, outcome.peerIdPrefix),
    source: printable(race.peers.at(outcome.peer).source),
    transport: outcome.transport,
    shard: outcome.shard,
    times: since(start, outcome),
    reason: outcome.reason,
    bytes: outcome.receivedBytes,
    isWinner: outcome.peer === winner,
  }));
  return { peers, flow, endMs };
}

/** The reason of its loss as a sentence. */
export function endingText({ stage, code, detail }: CloseReason): string {
  const word = detail === undefined || detail === '' ? '' : ` (${printable(detail)})`;
  return `${stage}: ${code}, ${CLOSE_CODES[code]}${word}`;
}

function since(start: number, { timeline }: PeerOutcome): Timeline {
  const from = (at: number | null) => (at === null ? null : Math.max(0, at - start));
  return {
    dialed: from(timeline.dialed),
    connected: from(timeline.connected),
    handshaken: from(timeline.handshaken),
    piecesTold: from(timeline.piecesTold),
    interested: from(timeline.interested),
    unchoked: from(timeline.unchoked),
    firstBlock: from(timeline.firstBlock),
    closed: from(timeline.closed),
  };
}
