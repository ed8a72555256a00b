/**
 * The states of a peer, its inputs, and its effects. Types only: `peer-reducer.ts` holds the rules, `peer-driver.ts` performs
 * the effects.
 *
 * Two separate axes: the phase says how far the exchange is, and whether the peer chokes us; interest (ours and theirs) is
 * beside it. An unchoke may come before anything else, and a bitfield may never come (BEP 3).
 */
import type { CloseCode, CloseReason } from '../../shared/close-reason.ts';
import type { Timeline } from '../../shared/timeline.ts';

interface Life {
  readonly timeline: Timeline;
}

/** An address that waits to be dialled. */
export interface Queued extends Life {
  readonly phase: 'queued';
}

export interface Dialing extends Life {
  readonly phase: 'dialing';
  readonly since: number;
}

/** Connected; the peer's handshake has not arrived. If we dialled, ours is sent. */
export interface Handshaking extends Life {
  readonly phase: 'handshaking';
  readonly since: number;
  /** An incoming peer: it sends its handshake first. */
  readonly incoming: boolean;
}

/** What is known about a peer after both handshakes. */
export interface Session {
  readonly fast: boolean;
  readonly extended: boolean;
  /** It has a piece that we want; null while its pieces, or ours, are unknown. */
  readonly useful: boolean | null;
  readonly weInterested: boolean;
  /** Our interest was sent a second time: some clients lose one that arrives in one packet with our handshake. */
  readonly saidAgain: boolean;
  readonly theyInterested: boolean;
  /** It owed blocks for a long time and sent none; false again when one arrives. */
  readonly silent: boolean;
  /** When it first choked us after it gave something, however often it unchoked us since; null: it has not choked us since then. */
  readonly barrenSince: number | null;
}

/** In session, and the peer chokes us. */
export interface Choked extends Life {
  readonly phase: 'choked';
  readonly since: number;
  readonly session: Session;
}

/** In session, and we may request blocks. */
export interface Unchoked extends Life {
  readonly phase: 'unchoked';
  readonly since: number;
  readonly session: Session;
}

export interface Closed extends Life {
  readonly phase: 'closed';
  readonly reason: CloseReason;
}

export type PeerState = Queued | Dialing | Handshaking | Choked | Unchoked | Closed;
export type Phase = PeerState['phase'];

/** The deadlines and facts that the shard adds to each tick; times in monotonic milliseconds. */
export interface Tick {
  readonly type: 'tick';
  readonly connectTimeoutMs: number;
  /** How long a choking peer may keep its place. */
  readonly chokedTimeoutMs: number;
  /** Other addresses wait, and there is no place for them. */
  readonly slotNeeded: boolean;
  readonly torrentKnown: boolean;
  /** For the sequential strategy: time for the whole exchange up to the unchoke. Otherwise Infinity. */
  readonly exchangeTimeoutMs: number;
  readonly lastReceivedAt: number;
  readonly lastSentAt: number;
  /** Since when the peer has owed us blocks without sending any; null if it owes none. */
  readonly owingSince: number | null;
  /** It wants data from us, and we unchoke it. */
  readonly isServed: boolean;
  /** It rejects whatever it is asked for (BEP 6). */
  readonly rejectsAll: boolean;
}

export type PeerInput =
  | { readonly type: 'dial' }
  | { readonly type: 'connected' }
  /** The peer connected to us. */
  /** It connected to us at that time; what it has said since was read by the acceptor. */
  | { readonly type: 'accepted'; readonly at: number }
  /** This machine has no free socket or port now: there was no dial. */
  | { readonly type: 'postpone' }
  | {
      readonly type: 'handshake';
      readonly verdict: 'ok' | 'wrong-info-hash' | 'self';
      readonly fast: boolean;
      readonly extended: boolean;
    }
  | { readonly type: 'choke' }
  | { readonly type: 'unchoke' }
  | { readonly type: 'interested' }
  | { readonly type: 'not-interested' }
  /** The peer announced all its pieces in one message: bitfield, have-all or have-none. Some clients send a second one. */
  | { readonly type: 'pieces-told' }
  /** Whether the peer has a piece that we still want. */
  | { readonly type: 'usefulness'; readonly useful: boolean }
  /** A piece that may be requested while the peer chokes us (BEP 6). */
  | { readonly type: 'allowed-fast' }
  | { readonly type: 'block' }
  /** The connection failed, ended, or broke the rules, or the shard closes the peer. */
  | { readonly type: 'close'; readonly code: CloseCode; readonly detail?: string }
  | Tick;

/** Messages that the reducer sends; the requester sends requests. */
export type Greeting =
  | 'handshake'
  | 'extended-handshake'
  /** Our pieces, or have-none, which needs BEP 6. */
  | 'pieces'
  | 'pieces-fast'
  | 'interested'
  | 'not-interested'
  | 'keep-alive';

export type PeerEffect =
  | { readonly type: 'connect' }
  | { readonly type: 'send'; readonly messages: readonly Greeting[] }
  /** Request as many blocks as the peer should owe. */
  | { readonly type: 'request' }
  /** Requested blocks will not arrive: other peers may be asked for them. */
  | { readonly type: 'return-requests' }
  /** The peer is slow: give its requests to other peers, except one. */
  | { readonly type: 'snub' }
  | { readonly type: 'report'; readonly milestone: 'connected' | 'unchoked' }
  /** Close the socket; the reason is in the state. */
  | { readonly type: 'destroy' };

export interface Step {
  readonly state: PeerState;
  readonly effects: readonly PeerEffect[];
}
