/**
 * The HTTP announce (BEP 3, 7, 23): its URL, and its bencoded answer.
 */
import type { BencodeDict, BencodeValue } from '../../shared/bencode.ts';
import {
  BencodeError,
  bytesField,
  decodeBencode,
  field,
  integerField,
  isDict,
  textField,
} from '../../shared/bencode.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { compactIpv4, compactIpv6 } from '../../shared/compact-peers.ts';
import { HttpError } from '../../shared/http-visitor.ts';
import {
  MAX_ANNOUNCE_INTERVAL_MS,
  MAX_TRACKER_MESSAGE_CHARS,
  MAX_TRACKER_REPLY_BYTES,
  MIN_ANNOUNCE_INTERVAL_MS,
} from '../../shared/limits.ts';
import type { HttpClient } from '../http-client.ts';
import { printable } from '../text.ts';
import { type AnnounceReply, type AnnounceRequest, TrackerError } from './announce.ts';

const DEFAULT_INTERVAL_S = 1_800;

/** Announces once. Rejects with TrackerError, or with the signal's reason where it was aborted. */
export async function httpAnnounce(
  url: string,
  announce: AnnounceRequest,
  trackerId: Uint8Array | null,
  http: HttpClient,
  signal: AbortSignal,
): Promise<AnnounceReply> {
  try {
    // Many trackers put their reason into a body with an error status, so the body is read whatever the status.
    const { status, body, reach } = await http.get(announceUrl(url, announce, trackerId), {
      maxBytes: MAX_TRACKER_REPLY_BYTES,
      signal,
      // A torrent must not make us knock at whatever else listens on this machine.
      refuses: ({ pathname }, nearness) =>
        nearness === 'loopback' && !pathname.startsWith('/announce')
          ? 'a tracker on this machine must be called /announce'
          : null,
    });
    return { ...readReply(body, status), reach };
  } catch (error) {
    if (error instanceof HttpError) throw new TrackerError(error.message, { cause: error });
    throw error;
  }
}

/** The URL with the announce in its query; binary values percent-encoded byte by byte. */
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
  return `${url}${url.includes('?') ? '&' : '?'}${query.join('&')}`;
}

/** Reads an announce reply. Throws TrackerError, also for the tracker's own refusal. */
export function readReply(body: Uint8Array, status: number): Omit<AnnounceReply, 'reach'> {
  let value: BencodeValue;
  try {
    value = decodeBencode(body).value;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    if (status !== 200) throw new TrackerError(`HTTP status ${status}`);
    throw new TrackerError(`an answer that is not bencoded: ${error.message}`, { cause: error });
  }
  if (!isDict(value)) throw new TrackerError('an answer that is not a dictionary');
  const refusal = textField(value, 'failure reason');
  if (refusal !== undefined) throw new TrackerError(`refused: ${shown(refusal)}`);
  if (status !== 200) throw new TrackerError(`HTTP status ${status}`);
  const asked = integerField(value, 'interval') ?? DEFAULT_INTERVAL_S;
  const least = integerField(value, 'min interval') ?? 0;
  const warning = textField(value, 'warning message');
  return {
    peers: peersOf(value),
    intervalMs: clampInterval(Math.max(asked, least) * 1_000),
    seeders: integerField(value, 'complete') ?? null,
    leechers: integerField(value, 'incomplete') ?? null,
    warning: warning === undefined ? null : shown(warning),
    trackerId: bytesField(value, 'tracker id') ?? null,
  };
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

/** The long form of BEP 3. Names instead of addresses are legal there and not worth a look-up each. */
function listedPeer(entry: BencodeValue): HostPort[] {
  if (!isDict(entry)) return [];
  const host = textField(entry, 'ip');
  const port = integerField(entry, 'port');
  const usable =
    host !== undefined && /^[0-9a-fA-F.:]+$/.test(host) && port !== undefined && port > 0 && port < 65_536;
  return usable ? [{ host, port }] : [];
}

/** Binary values as queries carry them, byte by byte. */
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
