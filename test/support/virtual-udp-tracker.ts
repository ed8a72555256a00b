/** A UDP tracker (BEP 15) of a simulated network, by its kind. It reads and writes its own packets. */
import { compact, type TrackerAnswers } from './virtual-trackers.ts';

const ACTION = { connect: 0, announce: 1, error: 3 } as const;
const CONNECTION_ID = 0x1234_5678_9abc_def0n;

export function udpTracker(answers: TrackerAnswers): (bytes: Buffer) => Buffer | null {
  return (bytes) => {
    const named = answers();
    if (named === 'silent' || bytes.length < 16) return null;
    if (named === 'garbage') return Buffer.from('no packet of BEP 15');
    const isConnect = bytes.readUInt32BE(8) === ACTION.connect;
    const transaction = bytes.subarray(12, 16);
    if (isConnect) return Buffer.concat([u32(ACTION.connect), transaction, u64(CONNECTION_ID)]);
    if (named === 'refuses' || bytes.readBigUInt64BE(0) !== CONNECTION_ID)
      return Buffer.concat([u32(ACTION.error), transaction, Buffer.from('go away\0')]);
    const { peers, intervalS } = named;
    return Buffer.concat([
      u32(ACTION.announce),
      transaction,
      u32(intervalS),
      u32(0),
      u32(peers.length),
      compact(peers),
    ]);
  };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
