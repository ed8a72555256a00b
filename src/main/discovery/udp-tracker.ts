/**
 * The UDP announce (BEP 15): a connection id first, then the announce, each sent again with doubled waits. IPv6 trackers
 * answer with IPv6 peers (BEP 7's form).
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Reach } from '../../shared/address-rules.ts';
import { compactIpv4, compactIpv6 } from '../../shared/compact-peers.ts';
import {
  MAX_TRACKER_ADDRESSES,
  TRACKER_HEAD_START_MS,
  UDP_TRACKER_FIRST_WAIT_MS,
} from '../../shared/limits.ts';
import { LookUpError } from '../../shared/name-lookup.ts';
import { networkWords } from '../../shared/network-words.ts';
import { type PinnedHost, pinHost } from '../../shared/pinned-hosts.ts';
import {
  type AnnounceEvent,
  type AnnounceReply,
  type AnnounceRequest,
  type Scrape,
  TrackerError,
} from './announce.ts';
import { clampInterval } from './http-tracker.ts';
import { trackerRefusal } from './local-tracker.ts';
import { staggered } from './staggered.ts';
import { UdpExchange } from './udp-exchange.ts';

const PROTOCOL_MAGIC = 0x0417_2710_1980n;
const ACTION = { connect: 0, announce: 1, scrape: 2 } as const;
const EVENTS: Readonly<Record<AnnounceEvent, number>> = { none: 0, completed: 1, started: 2, stopped: 3 };
const ANNOUNCE_BYTES = 98;
const ANNOUNCE_REPLY_HEAD_BYTES = 20;
const SCRAPE_REPLY_BYTES = 20;

/** How a tracker is asked over UDP. */
export interface UdpRoute {
  readonly signal: AbortSignal;
  /** Our own address; null leaves it to the system. */
  readonly from: string | null;
  /** Only addresses of this family; both otherwise. */
  readonly family?: 4 | 6;
  /** For tests. */
  readonly firstWaitMs?: number;
}

/** Announces once. Rejects with TrackerError. */
export function udpAnnounce(url: string, announce: AnnounceRequest, route: UdpRoute): Promise<AnnounceReply> {
  return conversation(url, route, async (exchange, connectionId, { address, reach, path }) => {
    const bytes = announceRequest(connectionId, announce, path);
    const told = await exchange.ask(ACTION.announce, bytes, ANNOUNCE_REPLY_HEAD_BYTES, (reply) =>
      readReply(reply, isIPv6(address)),
    );
    return { ...told, reach };
  });
}

/** Asks how many seeds and leeches a torrent has. Rejects with TrackerError. */
export function udpScrape(url: string, infoHash: Uint8Array, route: UdpRoute): Promise<Scrape> {
  return conversation(url, route, (exchange, connectionId) =>
    exchange.ask(ACTION.scrape, scrapeRequest(connectionId, infoHash), SCRAPE_REPLY_BYTES, (reply) => ({
      seeders: reply.readUInt32BE(8),
      completed: reply.readUInt32BE(12),
      leechers: reply.readUInt32BE(16),
    })),
  );
}

type Talk<Answer> = (exchange: UdpExchange, connectionId: bigint, target: Target) => Promise<Answer>;

/** Of several addresses the first that answers is the tracker; those that follow wait a moment for it. */
async function conversation<Answer>(url: string, route: UdpRoute, talk: Talk<Answer>): Promise<Answer> {
  const targets = await targetsOf(url, route);
  const over = new AbortController();
  const abort = (): void => over.abort();
  if (route.signal.aborted) abort();
  route.signal.addEventListener('abort', abort, { once: true });
  try {
    return await staggered(targets, TRACKER_HEAD_START_MS, (target) =>
      talkWith(target, { ...route, signal: over.signal }, talk),
    );
  } finally {
    abort();
    route.signal.removeEventListener('abort', abort);
  }
}

/** What follows on a connection id, which is good for a minute: a conversation of a few tries needs no second one. */
async function talkWith<Answer>(target: Target, route: UdpRoute, talk: Talk<Answer>): Promise<Answer> {
  const { address, port } = target;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const go = (): void => void socket.connect(port, address, resolve);
      if (route.from === null) go();
      else socket.bind({ address: route.from, port: 0 }, go);
    });
    const exchange = new UdpExchange(socket, route.signal, route.firstWaitMs ?? UDP_TRACKER_FIRST_WAIT_MS);
    const connectionId = await exchange.ask(ACTION.connect, connectRequest, 16, (reply) =>
      reply.readBigUInt64BE(8),
    );
    return await talk(exchange, connectionId, target);
  } catch (error) {
    if (error instanceof TrackerError) throw error;
    throw new TrackerError(networkWords(error as Error), { cause: error });
  } finally {
    socket.close();
  }
}

function connectRequest(transaction: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(PROTOCOL_MAGIC, 0);
  bytes.writeUInt32BE(ACTION.connect, 8);
  bytes.writeUInt32BE(transaction, 12);
  return bytes;
}

function announceRequest(
  connectionId: bigint,
  announce: AnnounceRequest,
  path: string,
): (transaction: number) => Buffer {
  return (transaction) => {
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

function scrapeRequest(connectionId: bigint, infoHash: Uint8Array): (transaction: number) => Buffer {
  return (transaction) => {
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

function readReply(reply: Buffer, six: boolean): Omit<AnnounceReply, 'reach'> {
  const list = reply.subarray(ANNOUNCE_REPLY_HEAD_BYTES);
  return {
    peers: six ? compactIpv6(list) : compactIpv4(list),
    intervalMs: clampInterval(reply.readUInt32BE(8) * 1_000),
    leechers: reply.readUInt32BE(12),
    seeders: reply.readUInt32BE(16),
    warning: null,
    trackerId: null,
  };
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly reach: Reach;
  /** Path and query of the URL. */
  readonly path: string;
}

/** The addresses that are asked, IPv4 first: those that are as near as the first, and may be asked at all. */
async function targetsOf(url: string, { signal, from, family }: UdpRoute): Promise<Target[]> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) throw new TrackerError('its URL is not valid', { lasting: true });
  if (parsed.port === '') throw new TrackerError('its URL has no port', { lasting: true });
  const { pathname } = parsed;
  let pinned: PinnedHost;
  try {
    pinned = await pinHost(parsed, signal, family ?? null);
  } catch (error) {
    const lasting = error instanceof LookUpError && error.unknown;
    throw new TrackerError((error as Error).message, { cause: error, lasting });
  }
  const { reach } = pinned;
  const refusal = pathname === '' || pathname === '/' ? null : trackerRefusal('announce', pathname, reach);
  if (refusal !== null) throw new TrackerError(refusal, { lasting: true });
  const reachable = pinned.addresses.filter(
    ({ family: its }) => from === null || (isIPv6(from) ? 6 : 4) === its,
  );
  if (reachable.length === 0)
    throw new TrackerError(`${from} cannot reach an address of the other family`, { lasting: true });
  const [port, path] = [Number(parsed.port), pathname + parsed.search];
  return reachable.slice(0, MAX_TRACKER_ADDRESSES).map(({ address }) => ({ address, port, reach, path }));
}
