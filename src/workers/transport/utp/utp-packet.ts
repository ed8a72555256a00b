/** uTP packets (BEP 29): a header of 20 bytes, extensions, and bytes of the stream. */

export const UTP_HEADER_BYTES = 20;
export const UTP_TYPE = { data: 0, fin: 1, state: 2, reset: 3, syn: 4 } as const;
export type UtpType = (typeof UTP_TYPE)[keyof typeof UTP_TYPE];

const VERSION = 1;
const NO_EXTENSION = 0;
const SELECTIVE_ACK = 1;
const EXTENSION_HEAD_BYTES = 2;

export interface UtpHead {
  readonly type: UtpType;
  readonly connectionId: number;
  /** Its send time, in microseconds of the sender's clock, modulo 2^32. */
  readonly sentAt: number;
  /** The delay that its sender measured in our last packet: the difference of two clocks, modulo 2^32. 0: none yet. */
  readonly delay: number;
  /** The receive window of its sender in bytes. */
  readonly window: number;
  readonly sequence: number;
  readonly ack: number;
}

export interface UtpPacket extends UtpHead {
  /** Bit i says that packet `ack + 2 + i` has arrived. */
  readonly selectiveAck: Uint8Array | null;
  /** A view of the received bytes. */
  readonly payload: Buffer;
}

/** Null if it is not a uTP packet. Never throws. */
export function decodeUtp(bytes: Buffer): UtpPacket | null {
  if (bytes.length < UTP_HEADER_BYTES) return null;
  const first = bytes.readUInt8(0);
  const type = first >> 4;
  if ((first & 0x0f) !== VERSION || type > UTP_TYPE.syn) return null;
  let extension = bytes.readUInt8(1);
  let selectiveAck: Uint8Array | null = null;
  let at = UTP_HEADER_BYTES;
  while (extension !== NO_EXTENSION) {
    if (at + EXTENSION_HEAD_BYTES > bytes.length) return null;
    const end = at + EXTENSION_HEAD_BYTES + bytes.readUInt8(at + 1);
    if (end > bytes.length) return null;
    if (extension === SELECTIVE_ACK) selectiveAck = bytes.subarray(at + EXTENSION_HEAD_BYTES, end);
    extension = bytes.readUInt8(at);
    at = end;
  }
  return {
    type: type as UtpType,
    connectionId: bytes.readUInt16BE(2),
    sentAt: bytes.readUInt32BE(4),
    delay: bytes.readUInt32BE(8),
    window: bytes.readUInt32BE(12),
    sequence: bytes.readUInt16BE(16),
    ack: bytes.readUInt16BE(18),
    selectiveAck,
    payload: bytes.subarray(at),
  };
}

/** `selectiveAck`: a multiple of four bytes (BEP 29). */
export function encodeUtp(head: UtpHead, selectiveAck: Uint8Array | null, payload: Uint8Array): Buffer {
  const extended = selectiveAck === null ? 0 : EXTENSION_HEAD_BYTES + selectiveAck.length;
  const bytes = Buffer.allocUnsafe(UTP_HEADER_BYTES + extended + payload.length);
  bytes.writeUInt8((head.type << 4) | VERSION, 0);
  bytes.writeUInt8(selectiveAck === null ? NO_EXTENSION : SELECTIVE_ACK, 1);
  bytes.writeUInt16BE(head.connectionId, 2);
  bytes.writeUInt32BE(head.sentAt, 4);
  bytes.writeUInt32BE(head.delay, 8);
  bytes.writeUInt32BE(head.window, 12);
  bytes.writeUInt16BE(head.sequence, 16);
  bytes.writeUInt16BE(head.ack, 18);
  if (selectiveAck !== null) {
    bytes.writeUInt8(NO_EXTENSION, UTP_HEADER_BYTES);
    bytes.writeUInt8(selectiveAck.length, UTP_HEADER_BYTES + 1);
    bytes.set(selectiveAck, UTP_HEADER_BYTES + EXTENSION_HEAD_BYTES);
  }
  bytes.set(payload, UTP_HEADER_BYTES + extended);
  return bytes;
}

/** The sequence number `steps` later. Numbers have 16 bits and wrap around. */
export function after(sequence: number, steps: number): number {
  return (sequence + steps) & 0xffff;
}

/** How many steps `sequence` is after `from`; negative if it is before. */
export function beyond(sequence: number, from: number): number {
  return ((sequence - from) << 16) >> 16;
}
