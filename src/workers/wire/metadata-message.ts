/** BEP 9: the messages that request and send the info dictionary, in parts of 16 KiB. */
import {
  BencodeError,
  decodeBencodePrefix,
  encodeBencode,
  integerField,
  isDict,
} from '../../shared/bencode.ts';
import { METADATA_PART_BYTES } from '../../shared/limits.ts';

const KIND = { request: 0, data: 1, reject: 2 } as const;

export type MetadataMessage =
  | { readonly kind: 'request' | 'reject'; readonly part: number }
  | { readonly kind: 'data'; readonly part: number; readonly totalBytes: number; readonly bytes: Uint8Array }
  /** An unknown kind: ignored, as BEP 9 requires. */
  | { readonly kind: 'unknown' };

export function encodeMetadataRequest(part: number): Uint8Array {
  return encodeBencode({ msg_type: KIND.request, piece: part });
}

export function encodeMetadataReject(part: number): Uint8Array {
  return encodeBencode({ msg_type: KIND.reject, piece: part });
}

export function hasMetadataPart(part: number, info: Uint8Array): boolean {
  return part * METADATA_PART_BYTES < info.length;
}

/** The part of `info` with its header. */
export function encodeMetadataData(part: number, info: Uint8Array): Uint8Array {
  const bytes = info.subarray(part * METADATA_PART_BYTES, (part + 1) * METADATA_PART_BYTES);
  const head = encodeBencode({ msg_type: KIND.data, piece: part, total_size: info.length });
  return Buffer.concat([head, bytes]);
}

/** Null if the payload (after the extended id) is not such a message. `bytes` are a view of it. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | null {
  try {
    const { value, end } = decodeBencodePrefix(payload);
    if (!isDict(value)) return null;
    const part = integerField(value, 'piece');
    if (part === undefined || part < 0) return null;
    switch (integerField(value, 'msg_type')) {
      case KIND.request:
        return { kind: 'request', part };
      case KIND.reject:
        return { kind: 'reject', part };
      case KIND.data: {
        const totalBytes = integerField(value, 'total_size');
        return totalBytes === undefined
          ? null
          : { kind: 'data', part, totalBytes, bytes: payload.subarray(end) };
      }
      case undefined:
        return null;
      default:
        return { kind: 'unknown' };
    }
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
}
