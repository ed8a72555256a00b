/**
 * When a peer first reached each stage, in monotonic milliseconds (see `clock.ts`); null for a stage that it never reached.
 * All fields are always there: an object with one shape is copied several times faster than one that grows.
 */
export interface Timeline {
  readonly dialed: number | null;
  readonly connected: number | null;
  readonly handshaken: number | null;
  readonly piecesTold: number | null;
  readonly interested: number | null;
  readonly unchoked: number | null;
  readonly firstBlock: number | null;
  readonly closed: number | null;
}

export type TimelineStage = keyof Timeline;

export const NO_TIMES: Timeline = {
  dialed: null,
  connected: null,
  handshaken: null,
  piecesTold: null,
  interested: null,
  unchoked: null,
  firstBlock: null,
  closed: null,
};
