/**
 * Holepunching (BEP 55) between main and the shards. Two peers that nobody can dial reach each other if both dial at the same
 * time; a third peer, the relay, tells them when. Main knows which shard has a peer and which addresses are unwelcome.
 */
import type { HostPort } from './compact-peers.ts';
import type { PeerIndex } from './indices.ts';

/** How it went with the look for a peer that another one asked us for. */
export type Introduction =
  /** It was told to dial. `address`: where the other one is to dial it. */
  | { readonly kind: 'sent'; readonly address: HostPort }
  | { readonly kind: 'no-such-peer' | 'not-connected' | 'no-support' | 'no-self' };

/** Commands of main about one torrent. */
export type HolepunchCommand =
  /** Ask this peer to introduce us to `target`. */
  | { readonly type: 'ask-introduction'; readonly peer: PeerIndex; readonly target: HostPort }
  /** Dial this address over uTP now. */
  | { readonly type: 'punch'; readonly address: HostPort }
  /** Is `target` here? Then tell it to dial `initiator`. Answered by `introduced`. */
  | {
      readonly type: 'introduce';
      readonly request: number;
      readonly initiator: HostPort;
      readonly target: HostPort;
    }
  /** The answer to `introduction-asked`: the peer hears it. */
  | {
      readonly type: 'introduction';
      readonly peer: PeerIndex;
      readonly target: HostPort;
      readonly result: Introduction;
    };

/** Events of a shard about one torrent. */
export type HolepunchEvent =
  /** The dial of a peer that may be punched has had no answer for a while. */
  | { readonly type: 'unanswered'; readonly peer: PeerIndex }
  /** This peer cannot introduce us to `target`, or does not want to. */
  | { readonly type: 'not-introduced'; readonly peer: PeerIndex; readonly target: HostPort }
  /** This peer, a relay, wants us to dial an address. */
  | { readonly type: 'punch-asked'; readonly peer: PeerIndex; readonly address: HostPort }
  /** This peer wants to meet `target`, which is not on its shard. `initiator`: where it is dialled over uTP. */
  | {
      readonly type: 'introduction-asked';
      readonly peer: PeerIndex;
      readonly initiator: HostPort;
      readonly target: HostPort;
    }
  | { readonly type: 'introduced'; readonly request: number; readonly result: Introduction };
