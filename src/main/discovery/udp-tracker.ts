/**
 * The UDP announce (BEP 15): a connection id first, then the announce, each sent again with doubled waits. IPv6 trackers
 * answer with IPv6 peers (BEP 7's form).
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { type Reach, reachOf } from '../../shared/address-rules.ts';
import { compactIpv4, compactIpv6 } from '../../shared/compact-peers.ts';
import {
  MAX_TRACKER_MESSAGE_CHARS,
  UDP_TRACKER_FIRST_WAIT_MS,
  UDP_TRACKER_TRIES,
} from '../../shared/limits.ts';
import { LivedTimer } from '../../shared/lived-timer.ts';
import { printable } from '../text.ts';
import {
  type AnnounceEvent,
  type AnnounceReply,
  type AnnounceRequest,
  type Scrape,
  TrackerError,
} from './announce.ts';
import { clampInterval } from './http-tracker.ts';

const PROTOCOL_MAGIC = 0x0417_2710_1980n;
const ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;
const EVENTS: Readonly<Record<AnnounceEvent, number>> = { none: 0, completed: 1, started: 2, stopped: 3 };
const ANNOUNCE_BYTES = 98;
const ANNOUNCE_REPLY_HEAD_BYTES = 20;
const SCRAPE_REPLY_BYTES = 20;

/** Announces once. Rejects with TrackerError. `from`: our own address; null leaves it to the system. `firstWaitMs` is for tests. */
export function udpAnnounce(
  url: string,
  announce: AnnounceRequest,
  signal: AbortSignal,
  from: string | null,
  firstWaitMs = UDP_TRACKER_FIRST_WAIT_MS,
): Promise<AnnounceReply> {
  return conversation(
    url,
    signal,
    { from, firstWaitMs },
    async (exchange, connectionId, { address, reach, path }) => {
      const bytes = announceRequest(connectionId, announce, path);
      const told = await exchange.ask(ACTION.announce, bytes, ANNOUNCE_REPLY_HEAD_BYTES, (reply) =>
        readReply(reply, isIPv6(address)),
      );
      return { ...told, reach };
    },
  );
}

/** Asks how many seeds and leeches a torrent has. Rejects with TrackerError. */
export function udpScrape(
  url: string,
  infoHash: Uint8Array,
  signal: AbortSignal,
  from: string | null,
): Promise<Scrape> {
  return conversation(
    url,
    signal,
    { from, firstWaitMs: UDP_TRACKER_FIRST_WAIT_MS },
    (exchange, connectionId) =>
      exchange.ask(ACTION.scrape, scrapeRequest(connectionId, infoHash), SCRAPE_REPLY_BYTES, (reply) => ({
        seeders: reply.readUInt32BE(8),
        completed: reply.readUInt32BE(12),
        leechers: reply.readUInt32BE(16),
      })),
  );
}

interface Peer {
  readonly address: string;
  readonly reach: Reach;
  /** Path and query of the URL. */
  readonly path: string;
}

/** What follows on a connection id, which is good for a minute: a conversation of a few tries needs no second one. */
async function conversation<Answer>(
  url: string,
  signal: AbortSignal,
  { from, firstWaitMs }: { readonly from: string | null; readonly firstWaitMs: number },
  talk: (exchange: Exchange, connectionId: bigint, peer: Peer) => Promise<Answer>,
): Promise<Answer> {
  const { host, port, path } = targetOf(url);
  const address = await resolved(host);
  const reach = reachOf(address);
  if (reach === null) throw new TrackerError(`${address} is no address of a host`);
  if (from !== null && isIPv6(from) !== isIPv6(address))
    throw new TrackerError(`${from} cannot reach an address of the other kind`);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const go = (): void => void socket.connect(port, address, resolve);
      if (from === null) go();
      else socket.bind({ address: from, port: 0 }, go);
    });
    const exchange = new Exchange(socket, signal, firstWaitMs);
    const connectionId = await exchange.ask(ACTION.connect, connectRequest, 16, (reply) =>
      reply.readBigUInt64BE(8),
    );
    return await talk(exchange, connectionId, { address, reach, path });
  } catch (error) {
    if (error instanceof TrackerError) throw error;
    throw new TrackerError(reasonOf(error as NodeJS.ErrnoException), { cause: error });
  } finally {
    socket.close();
  }
}

/** One question at a time over a connected socket, asked again until it is answered. */
class Exchange {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #firstWaitMs: number;

  constructor(socket: Socket, signal: AbortSignal, firstWaitMs: number) {
    this.#socket = socket;
    this.#signal = signal;
    this.#firstWaitMs = firstWaitMs;
  }

  async ask<Answer>(
    action: number,
    make: (transaction: number) => Buffer,
    least: number,
    read: (reply: Buffer) => Answer,
  ): Promise<Answer> {
    const transaction = randomInt(0x1_0000_0000);
    const bytes = make(transaction);
    for (let attempt = 0; attempt < UDP_TRACKER_TRIES; attempt++) {
      const reply = await this.#once(bytes, transaction, this.#firstWaitMs * 2 ** attempt);
      if (reply === null) continue;
      if (reply.readUInt32BE(0) === ACTION.error) throw new TrackerError(`refused: ${messageOf(reply)}`);
      if (reply.readUInt32BE(0) !== action || reply.length < least)
        throw new TrackerError('an answer that makes no sense');
      return read(reply);
    }
    throw new TrackerError('no answer');
  }

  /** The reply with our transaction id, or null after the wait; other datagrams are not for us. */
  #once(bytes: Buffer, transaction: number, waitMs: number): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        timer.cancel();
        this.#socket.off('message', onMessage).off('error', onError);
        this.#signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onMessage = (reply: Buffer): void => {
        if (reply.length >= 8 && reply.readUInt32BE(4) === transaction) finish(() => resolve(reply));
      };
      const onError = (error: Error): void => finish(() => reject(error));
      const onAbort = (): void => finish(() => reject(new TrackerError('no answer in time')));
      const timer = new LivedTimer(waitMs, () => finish(() => resolve(null)));
      this.#socket.on('message', onMessage).on('error', onError);
      this.#signal.addEventListener('abort', onAbort, { once: true });
      if (this.#signal.aborted) return onAbort();
      this.#socket.send(bytes, (error) => {
        if (error) onError(error);
      });
    });
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

function targetOf(url: string): { host: string; port: number; path: string } {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) throw new TrackerError('a URL that cannot be read');
  if (parsed.port === '') throw new TrackerError('a UDP tracker without a port');
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port),
    path: parsed.pathname + parsed.search,
  };
}

async function resolved(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new TrackerError(reasonOf(error as NodeJS.ErrnoException), { cause: error });
  }
}

function messageOf(reply: Buffer): string {
  return printable(reply.subarray(8).toString('utf8')).slice(0, MAX_TRACKER_MESSAGE_CHARS);
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'nobody listens there';
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return `its name cannot be looked up (${error.code})`;
  return error.code ?? error.message;
}
