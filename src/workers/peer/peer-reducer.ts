/**
 * The life of one peer as a pure function: `(state, input, now) → (state, effects)`. It has no socket, timer or port, so a
 * test runs minutes of protocol in no time. An input that makes no sense in a phase changes nothing: after a peer was closed,
 * a socket may still deliver what was on its way.
 */
import type { CloseCode, CloseStage } from '../../shared/close-reason.ts';
import {
  CHOKED_SLOT_NEEDED_MS,
  HANDSHAKE_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  INTERESTED_AGAIN_MS,
  KEEP_ALIVE_MS,
  SNUBBED_AFTER_MS,
  STALLED_TIMEOUT_MS,
  USELESS_SLOT_NEEDED_MS,
} from '../../shared/limits.ts';
import { NO_TIMES, type Timeline, type TimelineStage } from '../../shared/timeline.ts';
import type {
  Choked,
  Greeting,
  Handshaking,
  PeerEffect,
  PeerInput,
  PeerState,
  Session,
  Step,
  Tick,
  Unchoked,
} from './peer-state.ts';

const NOTHING: readonly PeerEffect[] = [];
const CONNECT: readonly PeerEffect[] = [{ type: 'connect' }];
const OPEN: readonly PeerEffect[] = [
  { type: 'send', messages: ['handshake'] },
  { type: 'report', milestone: 'connected' },
];
const UNCHOKED: readonly PeerEffect[] = [{ type: 'report', milestone: 'unchoked' }, { type: 'request' }];
const REQUEST: readonly PeerEffect[] = [{ type: 'request' }];
const RETURN: readonly PeerEffect[] = [{ type: 'return-requests' }];
const DESTROY: readonly PeerEffect[] = [{ type: 'destroy' }];
const CLOSE: readonly PeerEffect[] = [{ type: 'return-requests' }, { type: 'destroy' }];
const SNUB: readonly PeerEffect[] = [{ type: 'snub' }];
const INTERESTED: readonly PeerEffect[] = [{ type: 'send', messages: ['interested'] }];
const KEEP_ALIVE: readonly PeerEffect[] = [{ type: 'send', messages: ['keep-alive'] }];

export const QUEUED: PeerState = { phase: 'queued', timeline: NO_TIMES };

/** One step of one peer's life. `now` in monotonic milliseconds; never throws. */
export function reducePeer(state: PeerState, input: PeerInput, now: number): Step {
  if (state.phase === 'closed') return same(state);
  if (input.type === 'close') return close(state, input.code, now, input.detail);
  if (input.type === 'tick') return tick(state, input, now);
  switch (state.phase) {
    case 'queued':
      if (input.type === 'accepted') return { state: connected(state, true, input.at), effects: NOTHING };
      if (input.type !== 'dial') return same(state);
      return {
        state: stamp({ phase: 'dialing', since: now, timeline: state.timeline }, 'dialed', now),
        effects: CONNECT,
      };
    case 'dialing':
      if (input.type === 'postpone') return { state: QUEUED, effects: DESTROY };
      if (input.type !== 'connected') return same(state);
      return { state: connected(state, false, now), effects: OPEN };
    case 'handshaking':
      return input.type === 'handshake' ? greet(state, input, now) : same(state);
    case 'choked':
    case 'unchoked':
      return inSession(state, input, now);
  }
}

/**
 * Both handshakes are complete. We send `interested` to every peer before we know its pieces: an unchoke one round trip
 * earlier is worth an interest that we may take back. BEP 6 requires the message about our pieces first.
 */
function greet(state: Handshaking, input: Extract<PeerInput, { type: 'handshake' }>, now: number): Step {
  if (input.verdict !== 'ok') {
    const closed = close(state, input.verdict, now);
    // The other end of a connection to ourselves must learn that it dialled itself; otherwise it would only see a closed connection
    // and dial again.
    if (!state.incoming || input.verdict !== 'self') return closed;
    return { ...closed, effects: [{ type: 'send', messages: ['handshake'] }, ...closed.effects] };
  }
  const messages: Greeting[] = state.incoming ? ['handshake'] : [];
  messages.push(input.fast ? 'pieces-fast' : 'pieces');
  if (input.extended) messages.push('extended-handshake');
  messages.push('interested');
  const session: Session = {
    fast: input.fast,
    extended: input.extended,
    useful: null,
    weInterested: true,
    saidAgain: false,
    theyInterested: false,
    silent: false,
    barrenSince: now,
  };
  const choked = stamp({ phase: 'choked', since: now, session, timeline: state.timeline }, 'handshaken', now);
  return { state: stamp(choked, 'interested', now), effects: [{ type: 'send', messages }] };
}

function connected({ timeline }: PeerState, incoming: boolean, at: number): Handshaking {
  return stamp({ phase: 'handshaking', since: at, incoming, timeline }, 'connected', at);
}

function inSession(state: Choked | Unchoked, input: PeerInput, now: number): Step {
  switch (input.type) {
    case 'unchoke':
      if (state.phase === 'unchoked') return same(state);
      return {
        state: stamp({ ...state, phase: 'unchoked', since: now }, 'unchoked', now),
        effects: UNCHOKED,
      };
    case 'choke':
      if (state.phase === 'choked') return same(state);
      return { state: choking(state, now), effects: RETURN };
    case 'interested':
    case 'not-interested': {
      const theyInterested = input.type === 'interested';
      return same(
        theyInterested === state.session.theyInterested ? state : withSession(state, { theyInterested }),
      );
    }
    case 'pieces-told':
      return same(stamp(state, 'piecesTold', now));
    case 'usefulness':
      return interest(state, input.useful, now);
    case 'allowed-fast':
      return { state, effects: REQUEST };
    case 'block':
      return same(stamp(gave(state, now), 'firstBlock', now));
    default:
      return same(state);
  }
}

function choking(state: Unchoked, now: number): Choked {
  const session = { ...state.session, barrenSince: state.session.barrenSince ?? now };
  return { ...state, phase: 'choked', since: now, session };
}

/** For each block, so it makes a new state only if something changes. */
function gave(state: Choked | Unchoked, now: number): Choked | Unchoked {
  const barrenSince = state.phase === 'choked' ? now : null;
  const { session } = state;
  if (!session.silent && session.barrenSince === barrenSince) return state;
  return withSession(state, { silent: false, barrenSince });
}

/** BEP 3: interest is kept up to date, so that a seed does not waste a slot on us. */
function interest(before: Choked | Unchoked, useful: boolean, now: number): Step {
  const state = before.session.useful === useful ? before : withSession(before, { useful });
  if (useful === state.session.weInterested) {
    return useful && state.phase === 'unchoked' ? { state, effects: REQUEST } : same(state);
  }
  // Sent in its own packet, it is heard.
  const next = withSession(state, { weInterested: useful, saidAgain: true });
  const send: PeerEffect = { type: 'send', messages: [useful ? 'interested' : 'not-interested'] };
  if (!useful) return { state: next, effects: [send] };
  return {
    state: stamp(next, 'interested', now),
    effects: [send, ...(state.phase === 'unchoked' ? REQUEST : NOTHING)],
  };
}

/** All deadlines of a peer. A keep-alive changes only `lastReceivedAt`, so it cannot postpone any other deadline. */
function tick(state: PeerState, t: Tick, now: number): Step {
  const overdue = overdueCode(state, t, now);
  if (overdue !== null) return close(state, overdue, now);
  if (state.phase !== 'choked' && state.phase !== 'unchoked') return same(state);
  if (state.phase === 'unchoked' && givesNothing(t, now)) {
    return { state: state.session.silent ? state : withSession(state, { silent: true }), effects: SNUB };
  }
  if (state.phase === 'choked' && mayHaveMissedUs(state, now))
    return { state: withSession(state, { saidAgain: true }), effects: INTERESTED };
  return now - t.lastSentAt >= KEEP_ALIVE_MS ? { state, effects: KEEP_ALIVE } : same(state);
}

/** Others may have its place among those that work. */
function givesNothing({ owingSince, rejectsAll }: Tick, now: number): boolean {
  return rejectsAll || (owingSince !== null && now - owingSince >= SNUBBED_AFTER_MS);
}

/** aria2 and webtorrent lose an `interested` in one packet with our handshake; a moment later they hear it. */
function mayHaveMissedUs({ session, timeline }: Choked, now: number): boolean {
  if (session.saidAgain || !session.weInterested) return false;
  return now - (timeline.handshaken ?? now) >= INTERESTED_AGAIN_MS;
}

/** Other peers wait for its place, and it gives nothing. A peer that has nothing for us is closed first. */
function makesRoom({ phase, since, session }: Choked | Unchoked, t: Tick, now: number): boolean {
  // What it gets from us may be answered soon.
  if (!t.slotNeeded || t.isServed) return false;
  const patience = session.useful === false ? USELESS_SLOT_NEEDED_MS : CHOKED_SLOT_NEEDED_MS;
  // A peer that chokes and unchokes us in turn and gives nothing would keep its place for ever.
  const from = phase === 'choked' ? (session.barrenSince ?? since) : since;
  return now - from >= patience;
}

function overdueCode(state: PeerState, t: Tick, now: number): CloseCode | null {
  switch (state.phase) {
    case 'queued':
    case 'closed':
      return null;
    case 'dialing':
      if (now - state.since >= t.connectTimeoutMs) return 'connect-timeout';
      return exchangeOverdue(state, t, now);
    case 'handshaking':
      if (now - state.since >= HANDSHAKE_TIMEOUT_MS) return 'handshake-timeout';
      return exchangeOverdue(state, t, now);
    case 'choked':
      if (makesRoom(state, t, now)) return 'slot-needed';
      if (now - state.since >= t.chokedTimeoutMs && !t.isServed) return 'never-unchoked';
      return exchangeOverdue(state, t, now) ?? idle(t, now);
    case 'unchoked':
      if (t.torrentKnown && state.session.useful !== true && makesRoom(state, t, now)) return 'slot-needed';
      if (t.owingSince !== null && now - t.owingSince >= STALLED_TIMEOUT_MS) return 'stalled';
      return idle(t, now);
  }
}

function exchangeOverdue(state: PeerState, t: Tick, now: number): CloseCode | null {
  return now - (state.timeline.dialed ?? now) >= t.exchangeTimeoutMs ? 'exchange-timeout' : null;
}

function idle(t: Tick, now: number): CloseCode | null {
  return now - t.lastReceivedAt >= IDLE_TIMEOUT_MS ? 'idle' : null;
}

function close(state: PeerState, code: CloseCode, now: number, detail?: string): Step {
  const reason = { stage: state.phase as CloseStage, code, ...(detail === undefined ? {} : { detail }) };
  return {
    state: stamp({ phase: 'closed', reason, timeline: state.timeline }, 'closed', now),
    effects: CLOSE,
  };
}

/** The first time counts: a stage that is reached again keeps its time. */
function stamp<S extends PeerState>(state: S, stage: TimelineStage, now: number): S {
  if (state.timeline[stage] !== null) return state;
  const timeline: { -readonly [Name in TimelineStage]: Timeline[Name] } = { ...state.timeline };
  timeline[stage] = now;
  return { ...state, timeline };
}

function withSession(state: Choked | Unchoked, change: Partial<Session>): Choked | Unchoked {
  return { ...state, session: { ...state.session, ...change } };
}

function same(state: PeerState): Step {
  return { state, effects: NOTHING };
}
