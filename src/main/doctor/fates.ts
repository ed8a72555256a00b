/**
 * What has become of each known peer, in one word: a peer counts once, however often and over whichever transport it was tried.
 * A lost peer that is dialled again keeps the fate of its last try until this one has brought it further.
 */
import type { CloseReason } from '../../shared/close-reason.ts';
import type { PeerOutcome, TorrentStats } from '../../shared/messages.ts';
import { proxyFault } from '../../shared/proxy-words.ts';

/** Not reached. */
const UNREACHED = [
  'silent',
  'refused',
  'unreachable',
  'no-family',
  'proxy-down',
  'proxy-denies',
  'proxy-cannot',
] as const;
/** Connected, without a handshake. */
const STRANGE = ['hung-up', 'mute', 'other-torrent', 'other-protocol', 'no-encryption', 'ourselves'] as const;
/** The handshake was complete. `unchoked` peers are there now, `left` ones closed the connection. */
const SHAKEN = ['choked', 'unchoked', 'left', 'banned', 'rude'] as const;
/** Not tried yet, or we closed it without any fault of its own. */
const UNJUDGED = ['waiting', 'set-aside'] as const;

export const STAGES = [SHAKEN, STRANGE, UNREACHED] as const;
export type Fate = (typeof STAGES)[number][number] | (typeof UNJUDGED)[number];
export type Fates = Readonly<Record<Fate, number>>;

const NONE: Fates = Object.fromEntries(
  [...UNREACHED, ...STRANGE, ...SHAKEN, ...UNJUDGED].map((fate) => [fate, 0]),
) as unknown as Fates;

/** The words of a dial that this machine cannot make, with the number of the family. */
export const NO_WAY = /^no way to IPv([46]) from here/;

export interface Living {
  /** Peers that are known, incoming ones included. */
  readonly known: number;
  readonly outcomes: Iterable<PeerOutcome>;
  /** Lost for now, and dialled again. */
  readonly isRetrying: (outcome: PeerOutcome) => boolean;
  /** Of all shards together. */
  readonly stats: Pick<
    TorrentStats,
    'dialing' | 'handshaking' | 'choked' | 'unchoked' | 'redialing' | 'refusedTcp' | 'failedTcp' | 'hungUpTcp'
  >;
  /** On the clock of the outcomes. */
  readonly now: number;
}

export function fatesOf({ known, outcomes, isRetrying, stats, now }: Living): Fates {
  const fates: Record<Fate, number> = { ...NONE };
  const ended = [...outcomes];
  const { handshaking, choked, unchoked } = stats;
  const connected = handshaking + choked + unchoked;
  const dialing = Math.max(0, stats.dialing - stats.redialing);
  // If more are at work than are left without an outcome, the others have come back, and their outcomes are of the past.
  const returned = Math.max(0, ended.length + connected + dialing - known);
  const past = new Set(
    ended
      .filter((one) => isRetrying(one) && (one.timeline.closed ?? 0) + (one.retryInMs ?? 0) <= now)
      .sort((a, b) => (a.timeline.closed ?? 0) - (b.timeline.closed ?? 0))
      .slice(0, returned),
  );
  for (const one of ended) if (!past.has(one)) fates[fateOf(one.reason)] += 1;
  let room = known - (ended.length - past.size);
  const take = (fate: Fate, count: number): void => {
    const taken = Math.min(room, Math.max(0, count));
    fates[fate] += taken;
    room -= taken;
  };
  take('unchoked', unchoked);
  take('choked', choked);
  take('mute', handshaking);
  // TCP has settled it: the try over uTP counts only if it connects.
  take('hung-up', stats.hungUpTcp);
  take('refused', stats.refusedTcp);
  take('unreachable', stats.failedTcp);
  take('silent', dialing - stats.hungUpTcp - stats.refusedTcp - stats.failedTcp);
  take('waiting', room);
  return fates;
}

/** The fate of a lost peer. */
export function fateOf(reason: CloseReason): Fate {
  switch (reason.stage) {
    case 'queued':
    case 'dialing':
      return unreached(reason);
    case 'handshaking':
      return strange(reason);
    case 'choked':
      return shaken(reason, 'choked');
    case 'unchoked':
      return shaken(reason, 'unchoked');
  }
}

function unreached({ stage, code, detail = '' }: CloseReason): Fate {
  const fault = proxyFault(detail);
  if (fault !== null) return `proxy-${fault}`;
  if (NO_WAY.test(detail)) return 'no-family';
  switch (code) {
    case 'refused':
    case 'reset':
      return 'refused';
    case 'unreachable':
    case 'connect-failed':
      return 'unreachable';
    case 'connect-timeout':
    case 'exchange-timeout':
      return 'silent';
    case 'bad-data':
      return 'banned';
    case 'stopped':
      return stage === 'dialing' ? 'silent' : 'waiting';
    default:
      return 'set-aside';
  }
}

function strange({ code }: CloseReason): Fate {
  switch (code) {
    case 'closed-by-peer':
    case 'reset':
      return 'hung-up';
    case 'wrong-info-hash':
      return 'other-torrent';
    case 'not-bittorrent':
      return 'other-protocol';
    case 'encryption-failed':
      return 'no-encryption';
    case 'self':
      return 'ourselves';
    case 'handshake-timeout':
    case 'exchange-timeout':
    case 'stopped':
      return 'mute';
    default:
      return shaken({ stage: 'handshaking', code }, 'choked');
  }
}

/** `patient`: what it is if nothing was wrong with it but the time that it took. */
function shaken({ code }: CloseReason, patient: 'choked' | 'unchoked'): Fate {
  switch (code) {
    case 'closed-by-peer':
    case 'reset':
      return 'left';
    case 'never-unchoked':
    case 'idle':
    case 'stalled':
    case 'slot-needed':
    case 'exchange-timeout':
    case 'stopped':
      return patient;
    case 'bad-data':
      return 'banned';
    case 'unread-backlog':
    case 'frame-too-long':
    case 'bad-length':
    case 'bad-bitfield':
    case 'bad-piece-index':
    case 'bad-request':
    case 'too-early':
    case 'bad-extended':
    case 'unrequested-data':
    case 'flood':
      return 'rude';
    default:
      return 'set-aside';
  }
}
