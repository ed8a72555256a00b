/**
 * Decides which bytes of a server's answer to a range request are used, and how they are compressed. A server may send less or
 * more than the requested range (RFC 9110 allows this), the whole file, or a different file.
 */
import { HttpError } from '../../shared/http-visitor.ts';
import type { FileStamp } from '../../shared/web-seed-messages.ts';
import { retryAfterMs } from './back-off.ts';

/** The server cannot send this file. It may have others. */
export class FileLost extends HttpError {}

/** The server cannot send anything now. */
export class ServerBusy extends HttpError {
  readonly retryAfterMs: number | null;
  /** True if the whole server is busy, and not only this file. */
  readonly ofServer: boolean;

  constructor(status: number, wantsMs: number | null) {
    super(`HTTP status ${status}`);
    this.retryAfterMs = wantsMs;
    this.ofServer = OF_SERVER.has(status) || wantsMs !== null;
  }
}

export type Coding = 'gzip' | 'deflate' | 'br';

export interface AskedRange {
  /** Bytes of the file: `[from, to)`. */
  readonly from: number;
  readonly to: number;
  /** The length of the whole file in the torrent. */
  readonly length: number;
  /** Of the version that is wanted; null where hashes tell it. */
  readonly stamp?: FileStamp | null;
}

export interface RangeAnswer {
  /** The body is the whole file. */
  readonly whole: boolean;
  /** The bytes of the file in the body: `[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** How the body is compressed; null if it is not. */
  readonly coding: Coding | null;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Too many requests; overloaded. Other statuses of 500 and above may concern only one file. */
const OF_SERVER = new Set([429, 503]);

/** 408, 425 and 429 mean "not now"; any other 4xx is about this file. */
const LATER = new Set([408, 425, 429]);

/** Throws FileLost or ServerBusy if the answer cannot be used. */
export function rangeAnswer(status: number, headers: Headers, asked: AskedRange): RangeAnswer {
  if (status >= 500 || LATER.has(status))
    throw new ServerBusy(status, retryAfterMs(headers['retry-after'], Date.now()));
  if (status === 416) throw shorterFile();
  if (status !== 200 && status !== 206) throw new FileLost(`HTTP status ${status}`);
  if (isOther(headers, asked.stamp ?? null))
    throw new FileLost('its file has changed since the download began');
  return status === 200 ? wholeFile(headers, asked) : partOf(headers, asked);
}

/** Servers of one name may have other tags for the same file, so they count only where there is no time. */
function isOther(headers: Headers, stamp: FileStamp | null): boolean {
  if (stamp === null) return false;
  const [name, before] = stamp.modified === null ? ['etag', stamp.etag] : ['last-modified', stamp.modified];
  const now = headers[name];
  return before !== null && typeof now === 'string' && now !== before;
}

function wholeFile(headers: Headers, { length }: AskedRange): RangeAnswer {
  const coding = codingOf(headers, length);
  const sent = contentLength(headers);
  if (coding === null && sent !== null && sent !== length) throw otherLength(sent, length);
  return { whole: true, start: 0, end: length, coding };
}

function partOf(headers: Headers, { from, to, length }: AskedRange): RangeAnswer {
  const range = /^bytes[ =](\d+)-(\d+)\/(\d+|\*)$/i.exec(String(headers['content-range'] ?? '').trim());
  if (range === null) {
    // Some servers leave the header out. The length then shows that the body is the range.
    const coding = codingOf(headers, to - from);
    if (coding === null && contentLength(headers) === to - from)
      return { whole: false, start: from, end: to, coding };
    throw new FileLost('it does not say which part of the file it sends');
  }
  const [start, end, total] = [Number(range[1]), Number(range[2]) + 1, range[3]];
  const isOurs = total === '*' || Number(total) === length;
  const coding = codingOf(headers, isOurs ? end - start : -1);
  if (!isOurs) {
    if (coding === null) throw otherLength(Number(total), length);
    // A range of a compressed file is a range of its compressed bytes: it is useful only if it contains all of them.
    if (start > 0 || end < Number(total)) throw packed(coding);
    return { whole: true, start: 0, end: length, coding };
  }
  if (start > from || end <= from) throw new FileLost('it answers with a different range than we asked for');
  return { whole: false, start, end: Math.min(end, length), coding };
}

/**
 * How the body is compressed. Some servers label a file that is itself compressed (`x.tar.gz`) as if they had compressed it for
 * this answer. So a body with exactly the requested length is the requested bytes, whatever its label says. Throws FileLost for a
 * compression that we cannot undo.
 */
function codingOf(headers: Headers, plainBytes: number): Coding | null {
  const label = String(headers['content-encoding'] ?? '')
    .trim()
    .toLowerCase();
  if (label === '' || label === 'identity' || contentLength(headers) === plainBytes) return null;
  if (label === 'gzip' || label === 'x-gzip') return 'gzip';
  if (label === 'deflate' || label === 'br') return label;
  throw packed(/^[a-z0-9-]{1,20}$/.test(label) ? label : 'a packed body');
}

function contentLength(headers: Headers): number | null {
  const text = headers['content-length'];
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : null;
}

/** The server compresses the answer, and we cannot get the requested bytes from it. */
export function packed(coding: string): FileLost {
  return new FileLost(`it sends ${coding} although we asked for plain bytes`);
}

function shorterFile(): FileLost {
  return new FileLost('its file is shorter than the torrent says');
}

/** A body ended before the first byte that is wanted. `isStart`: it was the start of the file, so this is all that the server has. */
export function endedEarly(isStart: boolean): HttpError {
  return isStart ? shorterFile() : new HttpError('it ended too early');
}

function otherLength(theirs: number, ours: number): FileLost {
  return new FileLost(`its file has ${theirs} bytes, but the torrent's file has ${ours}`);
}
