/** The packets of UDP trackers: BEP 15, with the URL data of BEP 41. IPv6 trackers answer with IPv6 peers (BEP 7's form). */
import { compactIpv4, compactIpv6 } from '../../shared/compact-peers.ts';
import { MAX_TRACKER_MESSAGE_CHARS, MIN_ANNOUNCE_INTERVAL_MS } from '../../shared/limits.ts';
import { printable } from '../text/foreign-text.ts';
import type { AnnounceEvent, AnnounceReply, AnnounceRequest, Scrape } from './announce.ts';
import { clampInterval } from './http-tracker.ts';

const PROTOCOL_MAGIC = 0x0417_2710_1980n;
export const ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;
const EVENTS: Readonly<Record<AnnounceEvent, number>> = { none: 0, completed: 1, started: 2, stopped: 3 };
const ANNOUNCE_BYTES = 98;
export const ANNOUNCE_REPLY_HEAD_BYTES = 20;
export const SCRAPE_REPLY_BYTES = 20;

export function connectRequest(transaction: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(PROTOCOL_MAGIC, 0);
  bytes.writeUInt32BE(ACTION.connect, 8);
  bytes.writeUInt32BE(transaction, 12);
  return bytes;
}

export function announceRequest(
  announce: AnnounceRequest,
  path: string,
): (connectionId: bigint, transaction: number) => Buffer {
  return (connectionId, transaction) => {
    const bytes = Buffer.alloc(ANNOUNCE_BYTES);
    bytes.writeBigUInt64BE(connectionId, 0);
    bytes.writeUInt32BE(ACTION.announce, 8);
    bytes.writeUInt32BE(transaction, 12);
    bytes.set(announce.infoHash, 16);
    bytes.set(announce.peerId, 36);
    bytes.writeBigUInt64BE(BigInt(announce.downloaded), 56);
    bytes.writeBigUInt64BE(BigInt(announce.left), 64);
    bytes.writeBigUInt64BE(BigInt(announce.uploaded), 72);
    bytes.writeUInt32BE(EVENTS[announce.event], 80);
    bytes.writeUInt32BE(announce.key >>> 0, 88);
    bytes.writeInt32BE(announce.numwant, 92);
    bytes.writeUInt16BE(announce.port, 96);
    return Buffer.concat([bytes, urlData(path)]);
  };
}

export function scrapeRequest(infoHash: Uint8Array): (connectionId: bigint, transaction: number) => Buffer {
  return (connectionId, transaction) => {
    const bytes = Buffer.alloc(36);
    bytes.writeBigUInt64BE(connectionId, 0);
    bytes.writeUInt32BE(ACTION.scrape, 8);
    bytes.writeUInt32BE(transaction, 12);
    bytes.set(infoHash, 16);
    return bytes;
  };
}

/** BEP 41: the path and query of the URL, in parts of up to 255 bytes. Some trackers keep a passkey there. */
function urlData(path: string): Buffer {
  if (path === '' || path === '/' || path === '/announce') return Buffer.alloc(0);
  const bytes = Buffer.from(path);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const part = bytes.subarray(at, at + 255);
    parts.push(Buffer.from([2, part.length]), part);
  }
  return Buffer.concat(parts);
}

export function readAnnounceReply(reply: Buffer, six: boolean): Omit<AnnounceReply, 'reach'> {
  const list = reply.subarray(ANNOUNCE_REPLY_HEAD_BYTES);
  return {
    peers: six ? compactIpv6(list) : compactIpv4(list),
    intervalMs: clampInterval(reply.readUInt32BE(8) * 1_000),
    // BEP 15 has no such field.
    minIntervalMs: MIN_ANNOUNCE_INTERVAL_MS,
    leechers: reply.readUInt32BE(12),
    seeders: reply.readUInt32BE(16),
    warning: null,
    trackerId: null,
  };
}

export function readScrapeReply(reply: Buffer): Scrape {
  return {
    seeders: reply.readUInt32BE(8),
    completed: reply.readUInt32BE(12),
    leechers: reply.readUInt32BE(16),
  };
}

/** The error message of a tracker; null for an answer. Trackers in C often send the zero at the end of the string, too. */
export function refusalOf(reply: Buffer): string | null {
  if (reply.readUInt32BE(0) !== ACTION.error) return null;
  const text = reply.subarray(8).toString('utf8').replace(/\0+$/, '');
  return printable(text).slice(0, MAX_TRACKER_MESSAGE_CHARS);
}
