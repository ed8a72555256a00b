/** The outcome of one peer, reported when it closes. */
import type { ShardId } from '../../shared/indices.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { PeerDriver } from './peer-driver.ts';
import type { Closed } from './peer-state.ts';

export function outcomeOf(peer: PeerDriver, { timeline, reason }: Closed, shard: ShardId): PeerOutcome {
  return {
    peer: peer.index,
    shard,
    timeline,
    reason,
    client: peer.client,
    peerIdPrefix: peer.peerIdPrefix,
    receivedBytes: peer.receivedBytes,
    sentBytes: peer.sentBytes,
    transport: peer.transport,
    retryInMs: null,
  };
}
