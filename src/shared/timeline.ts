/**
 * When a peer reached each stage for the first time, in monotonic milliseconds (see `clock.ts`); a stage that it
 * never reached is absent.
 */
export interface Timeline {
  readonly dialed?: number;
  readonly connected?: number;
  readonly handshaken?: number;
  readonly piecesTold?: number;
  readonly interested?: number;
  readonly unchoked?: number;
  readonly firstBlock?: number;
  readonly closed?: number;
}

export type TimelineStage = keyof Timeline;
