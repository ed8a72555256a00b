/**
 * Which peers are spoken to behind encryption. With `prefer` the first try is plain, since that is one round trip sooner, and who
 * hangs up on it is tried again at once, encrypted: so neither kind of peer is lost.
 */
import type { CloseCode } from '../shared/close-reason.ts';
import type { PeerIndex } from '../shared/indices.ts';
import type { Encryption } from '../shared/messages.ts';
import type { PeerDriver } from './peer/peer-driver.ts';
import type { PeerState } from './peer/peer-state.ts';

export class Secrecy {
  readonly #encryption: Encryption;
  /** Hung up on a plain handshake. */
  readonly #shy = new Set<PeerIndex>();

  constructor(encryption: Encryption) {
    this.#encryption = encryption;
  }

  /** Whether the next dial is encrypted. */
  wants(peer: PeerIndex): boolean {
    return this.#encryption === 'require' || this.#shy.has(peer);
  }

  /** True if a peer that was closed should be dialled again at once, the other way. */
  triesAgain(peer: PeerDriver, before: PeerState, code: CloseCode): boolean {
    if (this.#encryption !== 'prefer' || before.phase !== 'handshaking' || before.incoming) return false;
    // However it ended, encryption was not what it wanted either: the next time begins as the first did.
    if (peer.secure) this.#shy.delete(peer.index);
    if (peer.secure || (code !== 'closed-by-peer' && code !== 'reset')) return false;
    this.#shy.add(peer.index);
    return true;
  }
}
