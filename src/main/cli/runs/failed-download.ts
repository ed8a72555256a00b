/** A download that failed, and what is known of the reasons. For those who only show it, it is the failure itself. */
import { type Diagnosis, diagnosisLines } from '../../doctor/diagnosis.ts';
import { Failure } from '../../failure.ts';

interface Circumstances {
  /** Of the moment of the failure; the likeliest first. */
  readonly diagnoses: readonly Diagnosis[];
  /** Nobody can ever name a peer: no tracker, no DHT, no local network, no peer of the user. */
  readonly hasNoSource: boolean;
  /** Bytes that arrived and were verified. */
  readonly downloadedBytes: number;
}

export class FailedDownload extends Failure {
  readonly diagnoses: readonly Diagnosis[];
  readonly hasNoSource: boolean;
  readonly downloadedBytes: number;

  constructor(failure: Failure, { diagnoses, hasNoSource, downloadedBytes }: Circumstances) {
    super(failure.code, failure.lines, { cause: failure.cause });
    this.diagnoses = diagnoses;
    // If a port is open to all, peers may come without being named; the run then ends by a time-out.
    this.hasNoSource = hasNoSource && failure.code === 'no-peer';
    this.downloadedBytes = downloadedBytes;
  }
}

/** The reasons of a failure; none if the doctor was not asked. */
export function diagnosesOf(failure: Failure): readonly Diagnosis[] {
  return failure instanceof FailedDownload ? failure.diagnoses : [];
}

/** The reasons as a run prints them. */
export function reasonLines(failure: Failure): string[] {
  return diagnosesOf(failure).flatMap(diagnosisLines);
}
