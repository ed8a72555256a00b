/** Peers as in a recording. */

import type { RecordedPeer } from '../../src/main/report/recording.ts';
import type { CloseReason } from '../../src/shared/close-reason.ts';
import { NO_TIMES, type Timeline } from '../../src/shared/timeline.ts';

export function recordedPeer(
  name: string,
  times: Partial<Timeline>,
  reason: CloseReason = { stage: 'choked', code: 'closed-by-peer' },
  more: Partial<RecordedPeer> = {},
): RecordedPeer {
  return {
    name,
    family: 'libtorrent',
    source: 'user',
    transport: 'tcp',
    shard: 1,
    times: { ...NO_TIMES, ...times },
    reason,
    bytes: 0,
    isWinner: false,
    ...more,
  };
}
