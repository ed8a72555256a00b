/**
 * Why a peer was lost: the stage it had reached, and what happened. Both are from closed lists and plain data, so a reason can
 * cross threads and can be counted, printed and tested.
 */

/** How far the peer had come when it was lost. */
export type CloseStage = 'queued' | 'dialing' | 'handshaking' | 'choked' | 'unchoked';

export const CLOSE_CODES = {
  refused: 'no program listens on that port',
  unreachable: 'the network cannot reach that host',
  'connect-timeout': 'no answer to the connection',
  'connect-failed': 'the system could not connect',
  'closed-by-peer': 'the peer closed the connection',
  reset: 'the connection was reset',
  'handshake-timeout': 'connected, but sent no handshake',
  'not-bittorrent': 'the answer is not a BitTorrent handshake',
  'encryption-failed': 'no agreement on encryption',
  'wrong-info-hash': 'the peer serves another torrent',
  self: 'the peer is this client itself',
  'frame-too-long': 'a message longer than its kind can be',
  'bad-length': 'a message whose length does not fit its kind',
  'bad-bitfield': 'a bitfield of the wrong length or with spare bits set',
  'bad-piece-index': 'a piece that the torrent does not have',
  'bad-request': 'requested a block that the torrent does not have',
  unreadable: 'requested a block of a file that we cannot read: when it comes back, it learns what we have',
  'too-early': 'announced too many pieces before the torrent is known',
  'bad-extended': 'an extended message that is not valid',
  'never-unchoked': 'completed the handshake, but never unchoked us',
  idle: 'no byte for a long time, not even a keep-alive',
  stalled: 'unchoked us, but did not send the blocks we requested',
  'unread-backlog': 'the peer does not read what we send',
  'unrequested-data': 'kept sending blocks that we did not request',
  flood: 'kept sending messages that cost us more than its data is worth',
  'bad-data': 'sent data that failed the hash check',
  private: 'found by a source that a private torrent does not allow',
  'exchange-timeout': 'took too long for the sequential strategy',
  done: 'sent a block: a race needs no more',
  'race-lost': 'another peer won, and only the winner was kept',
  replaced: 'slower than others, while more peers were waiting',
  surplus: 'more peers unchoked us than --max-peers',
  'slot-needed': 'gave us nothing while other peers waited for its place',
  'both-complete': 'both of us have everything',
  twice: 'another connection to the same peer stays',
  moved: 'dialled again over uTP, so that it can introduce us to others',
  stopped: 'the run ended first',
} as const;

export type CloseCode = keyof typeof CLOSE_CODES;

export interface CloseReason {
  readonly stage: CloseStage;
  readonly code: CloseCode;
  /** The system's error code if there is one, such as EHOSTUNREACH. */
  readonly detail?: string;
}
