/**
 * A file at a URL as a torrent of one file, so that a cluster can share it. Nobody has made a torrent of it, so no hash of a piece is
 * known: its info dictionary has zeros for them, and says instead where the file is and which version of it. All nodes make the same.
 */
import { encodeBencode } from '../../shared/bencode.ts';
import { withDeadline } from '../../shared/deadline.ts';
import { HttpError } from '../../shared/http-visitor.ts';
import { MAX_TORRENT_FILE_BYTES, TORRENT_URL_TIMEOUT_MS } from '../../shared/limits.ts';
import { PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';
import type { FileStamp } from '../../shared/web-seed-messages.ts';
import { Failure } from '../failure.ts';
import type { HttpAnswer, HttpClient } from '../network/http-client.ts';
import { redactedUrl } from '../text/foreign-text.ts';
import { LearnedHashes } from './learned-hashes.ts';
import { autoPieceLength } from './made-layout.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';

interface Seen {
  readonly length: number;
  readonly stamp: FileStamp;
  readonly first: number;
  readonly type: string;
}

/**
 * What is at the URL, if it is a file and no torrent; null if it may be a torrent, or a page. `sha256`: in hexadecimal, what the file
 * must have; then it is a file whatever it looks like. Rejects with a `bad-torrent` failure, also if the server sends no parts of files.
 */
export async function openPlainFile(
  url: string,
  sha256: string | null,
  http: Pick<HttpClient, 'get'>,
  outer: AbortSignal | null,
): Promise<Metainfo | null> {
  const shown = redactedUrl(url);
  const answer = await withDeadline(TORRENT_URL_TIMEOUT_MS, outer, (signal) =>
    http.get(url, { maxBytes: MAX_TORRENT_FILE_BYTES, signal, headers: { range: 'bytes=0-0' } }),
  ).catch((error: unknown) => {
    // What a torrent has to say of it is said where one is fetched.
    if (error instanceof HttpError && sha256 === null) return null;
    if (!(error instanceof HttpError)) throw error;
    throw new Failure('bad-torrent', `${shown}: cannot be fetched: ${error.message}`, { cause: error });
  });
  if (answer === null) return null;
  const seen = seenIn(answer);
  if (seen === null && sha256 === null) return null;
  if (seen === null)
    throw new Failure(
      'bad-torrent',
      `${shown}: its server does not send parts of files (HTTP status ${answer.status}), so nodes cannot share the work; give another URL`,
    );
  return sha256 === null && mayBeTorrent(url, seen) ? null : metainfoOf(url, seen, sha256, shown);
}

function seenIn({ status, headers, body }: HttpAnswer): Seen | null {
  const total = /^bytes 0-0\/(\d+)$/i.exec(String(headers['content-range'] ?? '').trim())?.[1];
  if (status !== 206 || total === undefined) return null;
  const text = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const stamp = { modified: text('last-modified'), etag: text('etag') };
  return { length: Number(total), stamp, first: body[0] ?? 0, type: text('content-type') ?? '' };
}

/** It is named, labelled or begins like one, or like a magnet link or a page: the usual way says what it is. */
function mayBeTorrent(url: string, { length, first, type }: Seen): boolean {
  if (/\.torrent$/i.test(new URL(url).pathname) || /bittorrent|html/i.test(type)) return true;
  return length <= MAX_TORRENT_FILE_BYTES && (first === 0x64 || first === 0x6d);
}

function metainfoOf(url: string, { length, stamp }: Seen, sha256: string | null, shown: string): Metainfo {
  const name = nameOf(url);
  if (name === '')
    throw new Failure('bad-torrent', `${shown}: this URL does not end with the name of a file`);
  if (length === 0) throw new Failure('bad-torrent', `${shown}: the file is empty`);
  const pieceLength = autoPieceLength(length);
  const pieceCount = Math.ceil(length / pieceLength);
  const plain = new URL(url);
  plain.hash = '';
  // With its hash, the version does not matter. Without it, nodes must not mix two versions.
  const version = sha256 ?? stamp.modified ?? stamp.etag ?? '';
  const info = {
    length,
    name: Buffer.from(name),
    'piece length': pieceLength,
    pieces: Buffer.alloc(pieceCount * PIECE_HASH_BYTES),
    private: 1,
    'uc url': Buffer.from(plain.href),
    'uc version': Buffer.from(version),
  };
  const torrent = encodeBencode({ info, 'url-list': Buffer.from(plain.href) });
  const metainfo = parseMetainfo(torrent, shown);
  const hashes = new LearnedHashes(pieceCount, sha256 !== null);
  return { ...metainfo, pieceHashes: hashes.bytes, plainFile: { hashes, sha256, stamp } };
}

/** The last part of its path, with its signs decoded. */
function nameOf(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
