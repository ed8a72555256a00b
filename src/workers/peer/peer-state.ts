/**
 * What a peer can be, what can happen to it, and what is to be done about it. Types only: `peer-reducer.ts` holds
 * the rules, `peer-driver.ts` performs the effects.
 *
 * Two axes, kept apart: the phase says how far the exchange has come, and whether the peer chokes us; interest (ours and
 * theirs) is a fact beside it. An unchoke may come before anything else, a bitfield may never come (BEP 3).
 */
import type { CloseCode, CloseReason } from '../../shared/close-reason.ts';
import type { Timeline } from '../../shared/timeline.ts';

interface Life {
  readonly timeline: Timeline;
}

/** An address, waiting for its turn to be dialled. */
export interface Queued extends Life {
  readonly phase: 'queued';
}

export interface Dialing extends Life {
  readonly phase: 'dialing';
  readonly since: number;
}

/** Connected; theirs has not come. If we dialled, ours is sent. */
export interface Handshaking extends Life {
  readonly phase: 'handshaking';
  readonly since: number;
  /** It connected to us: it speaks first. */
  readonly incoming: boolean;
}

/** What is known of a peer once both handshakes are through. */
export interface Session {
  readonly fast: boolean;
  readonly extended: boolean;
  /** It has a piece that we want; null as long as nothing is known of its pieces, or of ours. */
  readonly useful: boolean | null;
  readonly weInterested: boolean;
  /** Our interest was said a second time: some clients lose what comes in one packet with our handshake. */
  readonly saidAgain: boolean;
  readonly theyInterested: boolean;
  /** It owed blocks for long and sent none; until one comes. */
  readonly silent: boolean;
}

/** In session, and the peer chokes us. */
export interface Choked extends Life {
  readonly phase: 'choked';
  readonly since: number;
  readonly session: Session;
}

/** In session, and the peer lets us ask for blocks. */
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

/** The deadlines and facts that the shard brings along with each tick; times in monotonic milliseconds. */
export interface Tick {
  readonly type: 'tick';
  readonly connectTimeoutMs: number;
  /** How long a choking peer may keep its place. */
  readonly chokedTimeoutMs: number;
  /** Other addresses wait and there is no room for them. */
  readonly slotNeeded: boolean;
  readonly torrentKnown: boolean;
  /** For the sequential strategy: the whole exchange up to the unchoke. Infinity elsewhere. */
  readonly exchangeTimeoutMs: number;
  readonly lastReceivedAt: number;
  readonly lastSentAt: number;
  /** Since when the peer has owed us blocks without sending any; null while it owes none. */
  readonly owingSince: number | null;
  /** It rejects whatever it is asked for (BEP 6). */
  readonly rejectsAll: boolean;
}

export type PeerInput =
  | { readonly type: 'dial' }
  | { readonly type: 'connected' }
  /** The peer has connected to us. */
  | { readonly type: 'accepted' }
  /** This machine is out of sockets or ports for the moment: the dial did not happen. */
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
  /** The peer told all its pieces in one message: bitfield, have-all or have-none. Some say so a second time. */
  | { readonly type: 'pieces-told' }
  /** Whether the peer has a piece that we still want. */
  | { readonly type: 'usefulness'; readonly useful: boolean }
  /** A piece that may be asked for while choked (BEP 6). */
  | { readonly type: 'allowed-fast' }
  | { readonly type: 'block' }
  /** The connection failed, ended, or broke the rules; or the shard wants the peer gone. */
  | { readonly type: 'close'; readonly code: CloseCode; readonly detail?: string }
  | Tick;

/** Messages that the reducer itself sends; requests are the requester's. */
export type Greeting =
  | 'handshake'
  | 'extended-handshake'
  /** What we have; or have-none, which only BEP 6 knows. */
  | 'pieces'
  | 'pieces-fast'
  | 'interested'
  | 'not-interested'
  | 'keep-alive';

export type PeerEffect =
  | { readonly type: 'connect' }
  | { readonly type: 'send'; readonly messages: readonly Greeting[] }
  /** Ask for blocks, as many as the peer should have under way. */
  | { readonly type: 'request' }
  /** Blocks asked for will not come: others may ask for them. */
  | { readonly type: 'return-requests' }
  /** The peer is slow: give its requests to others, but leave it one. */
  | { readonly type: 'snub' }
  | { readonly type: 'report'; readonly milestone: 'connected' | 'unchoked' }
  /** Close the socket; the reason is in the state. */
  | { readonly type: 'destroy' };

export interface Step {
  readonly state: PeerState;
  readonly effects: readonly PeerEffect[];
}
