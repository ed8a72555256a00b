/**
 * The HTTP announce (BEP 3, 7, 23): its URL, and its bencoded answer.
 */
import type { BencodeDict, BencodeValue } from '../../shared/bencode.ts';
import {
  BencodeError,
  bytesField,
  decodeBencodePrefix,
  field,
  integerField,
  isDict,
  textField,
} from '../../shared/bencode.ts';
import type { Clock } from '../../shared/clock.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { compactIpv4, compactIpv6 } from '../../shared/compact-peers.ts';
import { HttpError, HttpHostUnknown, HttpRefusal } from '../../shared/http-visitor.ts';
import {
  MAX_ANNOUNCE_INTERVAL_MS,
  MAX_TRACKER_MESSAGE_CHARS,
  MAX_TRACKER_REPLY_BYTES,
  MIN_ANNOUNCE_INTERVAL_MS,
} from '../../shared/limits.ts';
import { retryAfterMs } from '../../shared/retry-after.ts';
import type { HttpAnswer, HttpClient } from '../network/http-client.ts';
import { printable } from '../text/foreign-text.ts';
import { type AnnounceReply, type AnnounceRequest, TrackerError } from './announce.ts';
import { trackerRefusal } from './local-tracker.ts';

/** The HTTP client for trackers. */
export type TrackerHttp = Pick<HttpClient, 'get'>;

const DEFAULT_INTERVAL_S = 1_800;
const WHITE_SPACE: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n'));
const COMPACT_4_BYTES = 6;
const COMPACT_6_BYTES = 18;

/** Client errors that may pass: forbidden (from a firewall that limits us), time-out, too early, too many requests. */
const PASSING_CLIENT_ERRORS: ReadonlySet<number> = new Set([403, 408, 425, 429]);

/**
 * Announces once; over one address family if one is given (BEP 7). Rejects with TrackerError, or with the signal's reason after
 * an abort.
 */
export async function httpAnnounce(
  url: string,
  announce: AnnounceRequest,
  trackerId: Uint8Array | null,
  http: TrackerHttp,
  {
    signal,
    calendar,
    family,
  }: { readonly signal: AbortSignal; readonly calendar: Clock; readonly family?: 4 | 6 },
): Promise<AnnounceReply> {
  const answer = await askTracker('announce', announceUrl(url, announce, trackerId), http, {
    signal,
    family,
  });
  // Many trackers send their reason with an error status, so the body is read for every status.
  return { ...readReply(answer.body, answer.status, statusError(answer, calendar())), reach: answer.reach };
}

/** Sends one request to a tracker. Rejects with TrackerError. */
export async function askTracker(
  what: 'announce' | 'scrape',
  url: string,
  http: TrackerHttp,
  { signal, family }: { readonly signal: AbortSignal; readonly family?: 4 | 6 | undefined },
): Promise<HttpAnswer> {
  try {
    return await http.get(url, {
      maxBytes: MAX_TRACKER_REPLY_BYTES,
      signal,
      lenient: true,
      refuses: ({ pathname }, reach) => trackerRefusal(what, pathname, reach),
      ...(family === undefined ? {} : { family }),
    });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const lasting = error instanceof HttpRefusal || error instanceof HttpHostUnknown;
    throw new TrackerError(error.message, { cause: error, lasting });
  }
}

/** What a status other than 200 means for the next try; `now` is calendar time. */
export function statusError(
  { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>,
  now: number,
): TrackerError {
  return new TrackerError(`HTTP status ${status}`, {
    retryMs: status === 200 ? null : retryAfterMs(headers['retry-after'], now),
    lasting: (status >= 400 && status < 500 && !PASSING_CLIENT_ERRORS.has(status)) || status === 501,
  });
}

/** The URL with the announce as its query; binary values are percent-encoded, byte by byte. */
export function announceUrl(url: string, announce: AnnounceRequest, trackerId: Uint8Array | null): string {
  const query = [
    `info_hash=${percentEncoded(announce.infoHash)}`,
    `peer_id=${percentEncoded(announce.peerId)}`,
    `port=${announce.port}`,
    `uploaded=${announce.uploaded}`,
    `downloaded=${announce.downloaded}`,
    `left=${announce.left}`,
    'compact=1',
    `numwant=${announce.numwant}`,
    `key=${announce.key.toString(16).padStart(8, '0')}`,
  ];
  if (announce.event !== 'none') query.push(`event=${announce.event}`);
  if (trackerId !== null) query.push(`trackerid=${percentEncoded(trackerId)}`);
  return withQuery(url, query.join('&'));
}

/** A fragment is never sent, so a query after it would be lost: the fragment is removed. */
export function withQuery(url: string, query: string): string {
  const sent = url.replace(/#.*/s, '');
  if (/[?&]$/.test(sent)) return `${sent}${query}`;
  return `${sent}${sent.includes('?') ? '&' : '?'}${query}`;
}

/** Reads the answer to an announce. Throws TrackerError, also if the tracker refuses. `failure`: for a status other than 200. */
export function readReply(
  body: Uint8Array,
  status: number,
  failure = statusError({ status, headers: {} }, 0),
): Omit<AnnounceReply, 'reach'> {
  const value = decodedAnswer(body, status === 200 ? null : failure);
  if (!isDict(value)) throw new TrackerError('its answer is not a dictionary');
  throwIfRefused(value, 'peers', failure);
  if (status !== 200) throw failure;
  const asked = integerField(value, 'interval') ?? DEFAULT_INTERVAL_S;
  const least = integerField(value, 'min interval') ?? 0;
  const warning = textField(value, 'warning message');
  return {
    peers: peersOf(value),
    intervalMs: clampInterval(Math.max(asked, least) * 1_000),
    minIntervalMs: clampInterval(least * 1_000),
    seeders: integerField(value, 'complete') ?? null,
    leechers: integerField(value, 'incomplete') ?? null,
    warning: warning === undefined ? null : shown(warning),
    trackerId: bytesField(value, 'tracker id') ?? null,
  };
}

/** `content`: the field of a good answer. `failure`: what the status means. */
export function throwIfRefused(reply: BencodeDict, content: string, failure: TrackerError): void {
  const refusal = textField(reply, 'failure reason');
  // Some software always writes this field. With the content beside it, an empty reason is no refusal.
  if (refusal === undefined || (refusal === '' && field(reply, content) !== undefined)) return;
  throw new TrackerError(`refused: ${shown(refusal)}`, {
    retryMs: retryMsOf(reply) ?? failure.retryMs,
    lasting: failure.lasting,
  });
}

/**
 * Decodes the tracker's answer. White space before it and bytes after it come from the page around a script. libtorrent ignores
 * them, too.
 */
export function decodedAnswer(body: Uint8Array, failure: TrackerError | null): BencodeValue {
  let start = 0;
  while (start < body.length && WHITE_SPACE.has(body[start] ?? 0)) start += 1;
  try {
    return decodeBencodePrefix(body.subarray(start)).value;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw failure ?? new TrackerError(`its answer is not bencoded: ${error.message}`, { cause: error });
  }
}

/** BEP 31: minutes, or `never`. In a refusal the minimum interval means the same. */
function retryMsOf(reply: BencodeDict): number | null {
  const told = textField(reply, 'retry in');
  if (told?.trim().toLowerCase() === 'never') return Number.POSITIVE_INFINITY;
  const written = told !== undefined && /^\d{1,6}$/.test(told.trim()) ? Number(told) : undefined;
  const minutes = integerField(reply, 'retry in') ?? written;
  if (minutes !== undefined && minutes > 0) return minutes * 60_000;
  const least = integerField(reply, 'min interval');
  return least !== undefined && least > 0 ? least * 1_000 : null;
}

export function clampInterval(ms: number): number {
  return Math.min(MAX_ANNOUNCE_INTERVAL_MS, Math.max(MIN_ANNOUNCE_INTERVAL_MS, ms));
}

function peersOf(reply: BencodeDict): HostPort[] {
  const peers = field(reply, 'peers');
  const listed = Array.isArray(peers) ? peers.flatMap(listedPeer) : [];
  const compact = peers instanceof Uint8Array ? compactIpv4(peers) : [];
  const six = bytesField(reply, 'peers6');
  return [...listed, ...compact, ...(six === undefined ? [] : compactIpv6(six))];
}

/** The long form of BEP 3, or one compact peer. BEP 3 also allows host names; we skip them, because each would need a look-up. */
function listedPeer(entry: BencodeValue): HostPort[] {
  if (entry instanceof Uint8Array) {
    if (entry.length === COMPACT_4_BYTES) return compactIpv4(entry);
    return entry.length === COMPACT_6_BYTES ? compactIpv6(entry) : [];
  }
  if (!isDict(entry)) return [];
  const host = textField(entry, 'ip')?.replace(/^\[|\]$/g, '');
  const port = integerField(entry, 'port') ?? Number(textField(entry, 'port') ?? Number.NaN);
  const usable = host !== undefined && /^[0-9a-fA-F.:]+$/.test(host) && port > 0 && port < 65_536;
  return usable && Number.isInteger(port) ? [{ host, port }] : [];
}

/** Binary values as a query carries them, byte by byte. */
export function percentEncoded(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = /[0-9A-Za-z._~-]/.test(String.fromCharCode(byte));
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
  }
  return text;
}

function shown(text: string): string {
  return printable(text).slice(0, MAX_TRACKER_MESSAGE_CHARS);
}
