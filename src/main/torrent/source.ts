/** Turns a source on the command line into a torrent, or into what is known about one. */
import { STATUS_CODES } from 'node:http';
import { addAbortSignal } from 'node:stream';
import { withDeadline } from '../../shared/deadline.ts';
import { HttpError, HttpTooLong, RedirectElsewhere } from '../../shared/http-visitor.ts';
import { MAX_TORRENT_FILE_BYTES, TORRENT_URL_TIMEOUT_MS } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import type { HttpClient } from '../network/http-client.ts';
import { printable, redactedUrl } from '../text/foreign-text.ts';
import { bareInfoHash, type InfoHashes, mainHash } from './info-hash.ts';
import { loadSource } from './load.ts';
import { type Magnet, parseMagnet } from './magnet.ts';
import { infoHashes, type Metainfo, parseMetainfo } from './metainfo.ts';
import { otherContent } from './other-content.ts';
import { openPlainFile } from './plain-file.ts';
import { httpMistake } from './source-mistakes.ts';

/** The longest magnet links contain dozens of trackers. */
const MAX_SOURCE_CHARS = 16_384;
const SEND_AGAIN = 'send it again';
const GIVE_TORRENT_URL = 'give the URL of a .torrent; any other file at a URL needs --cluster';

export type Source =
  | { readonly kind: 'torrent'; readonly metainfo: Metainfo }
  /** At first only the info hash is known, and perhaps trackers and peers. `metainfo`: the rest, once peers have sent it. */
  | { readonly kind: 'magnet'; readonly magnet: Magnet; readonly metainfo?: Metainfo };

/** A URL may also be that of any file, which a cluster fetches. `sha256`: in hexadecimal, what it must have. */
export interface PlainFiles {
  readonly sha256: string | null;
}

/**
 * Reads SOURCE: a .torrent file or its http(s) URL, a file with a magnet link, a magnet link, an info hash in hexadecimal or
 * base32, or `-` for one of these on stdin. Rejects with a `bad-torrent` failure that names it.
 */
export async function openSource(
  source: string,
  http: Pick<HttpClient, 'get'>,
  signal: AbortSignal | null = null,
  plain: PlainFiles | null = null,
): Promise<Source> {
  const isUrl = /^https?:/i.test(source);
  if (!isUrl && plain !== null && plain.sha256 !== null)
    throw new Failure('usage', '--sha256 works only with the URL of a file as SOURCE');
  if (source === '-') return fromStdin(http, signal);
  if (isMagnet(source)) return magnetOf(source);
  if (isUrl) return download(source, { http, outer: signal, plain });
  const hashes = bareInfoHash(source);
  if (hashes !== null) return { kind: 'magnet', magnet: emptyMagnet(hashes) };
  const content = loadSource(source);
  return typeof content === 'string' ? magnetOf(content) : { kind: 'torrent', metainfo: content };
}

/** False for stdin, a link, a URL or an info hash: these are never looked up in the file system. */
export function isPath(source: string): boolean {
  return source !== '-' && !/^(?:magnet|https?):/i.test(source) && bareInfoHash(source) === null;
}

/** The names of the torrent for people. */
export function namesOf(source: Source): { readonly name: string; readonly infoHash: string } {
  const { name } = source.kind === 'torrent' ? source.metainfo : (source.metainfo ?? source.magnet);
  const hash = Buffer.from(mainHash(hashesOf(source))).toString('hex');
  return { name: name === null ? hash : printable(name), infoHash: hash };
}

/** By which it is recognised: its info hashes in hexadecimal. A hybrid has two, and links may have one of them. */
export function keysOf(source: Source): string[] {
  const { v1, v2 } = hashesOf(source);
  return [v1, v2].flatMap((hash) => (hash === null ? [] : [Buffer.from(hash).toString('hex')]));
}

/** Its info hashes, as far as they are known. */
export function hashesOf(source: Source): InfoHashes {
  const { metainfo } = source;
  return metainfo === undefined
    ? (source as { readonly magnet: Magnet }).magnet.hashes
    : infoHashes(metainfo);
}

function emptyMagnet(hashes: InfoHashes): Magnet {
  return { hashes, name: null, trackers: [], webSeeds: [], peers: [], select: [], passedOver: [] };
}

function isMagnet(text: string): boolean {
  return /^magnet:/i.test(text);
}

function magnetOf(link: string): Source {
  return { kind: 'magnet', magnet: parseMagnet(link) };
}

/** Many sites answer the URL of a .torrent with a redirect to a magnet link, or with the link as text. */
async function download(
  url: string,
  {
    http,
    outer,
    plain,
  }: { http: Pick<HttpClient, 'get'>; outer: AbortSignal | null; plain: PlainFiles | null },
): Promise<Source> {
  const mistake = httpMistake(url);
  if (mistake !== null) throw new Failure('bad-torrent', mistake);
  const file = plain === null ? null : await openPlainFile(url, plain.sha256, http, outer);
  if (file !== null) return { kind: 'torrent', metainfo: file };
  const shown = redactedUrl(url);
  try {
    const { status, body } = await withDeadline(TORRENT_URL_TIMEOUT_MS, outer, (signal) =>
      http.get(url, { maxBytes: MAX_TORRENT_FILE_BYTES, signal }),
    );
    if (status !== 200) throw new HttpError(`HTTP status ${status}${statusWords(status)}`);
    const text = body.subarray(0, MAX_SOURCE_CHARS).toString('utf8').trim();
    if (isMagnet(text)) return magnetOf(text);
    return {
      kind: 'torrent',
      metainfo: parseMetainfo(body, shown, { again: 'try again later', instead: GIVE_TORRENT_URL }),
    };
  } catch (error) {
    if (error instanceof RedirectElsewhere && isMagnet(error.location)) return magnetOf(error.location);
    if (!(error instanceof HttpError)) throw error;
    const why =
      error instanceof HttpTooLong
        ? `it is larger than any .torrent (${MAX_TORRENT_FILE_BYTES} bytes); ${GIVE_TORRENT_URL}`
        : `cannot be fetched: ${error.message}`;
    throw new Failure('bad-torrent', `${shown}: ${why}`, { cause: error });
  }
}

function statusWords(status: number): string {
  const words = STATUS_CODES[status];
  return words === undefined ? '' : ` (${words})`;
}

/** A torrent begins with `d`, as a bencoded dictionary; anything else is a source in one line of text. */
async function fromStdin(http: Pick<HttpClient, 'get'>, signal: AbortSignal | null): Promise<Source> {
  const chunks: Buffer[] = [];
  let length = 0;
  // A terminal or a slow program may write nothing for long.
  if (signal !== null) addAbortSignal(signal, process.stdin);
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_TORRENT_FILE_BYTES)
      throw new Failure(
        'bad-torrent',
        `stdin: more than a torrent may have (${MAX_TORRENT_FILE_BYTES} bytes)`,
      );
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes[0] === 0x64 && bytes.includes('4:info'))
    return { kind: 'torrent', metainfo: parseMetainfo(bytes, 'stdin', { again: SEND_AGAIN }) };
  if (bytes.length === 0)
    throw new Failure('bad-torrent', 'stdin: it is empty; the program before the pipe wrote nothing');
  const other = otherContent(bytes);
  if (other !== null) throw new Failure('bad-torrent', `stdin: ${other}`);
  const text = bytes.subarray(0, 65_536).toString('utf8').trim();
  if (text === '' || text === '-' || printable(text) !== text || text.length > MAX_SOURCE_CHARS)
    throw new Failure('bad-torrent', 'stdin: this is not a torrent, a magnet link, an info hash or a URL');
  return openSource(text, http, signal);
}
