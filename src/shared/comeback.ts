/** Whether a lost peer is dialled again, by the reason of its loss. */
import type { CloseCode } from './close-reason.ts';

/**
 * `soon`: it may be there next time. `rarely`: it broke the rules or serves something else, which seldom changes. `made-room`:
 * nothing was wrong with it, but others needed its place. `never`: it is banned, not allowed, this client itself, or has
 * served its purpose.
 */
export type Comeback = 'soon' | 'rarely' | 'made-room' | 'never';

const COMEBACKS: Readonly<Record<CloseCode, Comeback>> = {
  refused: 'soon',
  unreachable: 'soon',
  'connect-timeout': 'soon',
  'connect-failed': 'soon',
  'closed-by-peer': 'soon',
  reset: 'soon',
  'handshake-timeout': 'soon',
  'never-unchoked': 'soon',
  idle: 'soon',
  stalled: 'soon',
  'too-early': 'soon',
  'unread-backlog': 'soon',
  unreadable: 'soon',
  'exchange-timeout': 'soon',
  'slot-needed': 'made-room',
  replaced: 'made-room',
  'not-bittorrent': 'rarely',
  'encryption-failed': 'rarely',
  'wrong-info-hash': 'rarely',
  'frame-too-long': 'rarely',
  'bad-length': 'rarely',
  'bad-bitfield': 'rarely',
  'bad-piece-index': 'rarely',
  'bad-request': 'rarely',
  'bad-extended': 'rarely',
  'unrequested-data': 'rarely',
  flood: 'rarely',
  self: 'never',
  'bad-data': 'never',
  private: 'never',
  done: 'never',
  'race-lost': 'never',
  surplus: 'never',
  'both-complete': 'never',
  twice: 'never',
  moved: 'soon',
  stopped: 'never',
};

export function comebackOf(code: CloseCode): Comeback {
  return COMEBACKS[code];
}
