/**
 * One web seed (BEP 19): an HTTP server with the files of the torrent. A few connections fetch runs of pieces as byte ranges and
 * stay open. A server without ranges sends whole files instead.
 */

import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Geometry } from '../../shared/geometry.ts';
import { HttpError, HttpRefusal, httpErrorOf, type Landing, type Visit } from '../../shared/http-visitor.ts';
import { WEB_SEED_SILENCE_MS } from '../../shared/limits.ts';
import type { FileStamp, WebSeedFile } from '../../shared/web-seed-messages.ts';
import { webSeedRefusal } from './local-web-seed.ts';
import {
  type AskedRange,
  type Coding,
  endedEarly,
  FileLost,
  packed,
  type RangeAnswer,
  rangeAnswer,
  ServerBusy,
} from './range-answer.ts';
import { fileAt, SeedFiles } from './seed-files.ts';
import type { ServerUse } from './server-use.ts';
import type { SlotWriter } from './slot-writer.ts';

/** The part of `HttpVisitor` that we use here. */
export interface Visitor {
  visit(
    url: string,
    visit: Visit,
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: Readable;
    readonly landing: Landing;
  }>;
}

/** The current work of a connection. */
export interface SeedWork {
  readonly run: SlotWriter;
  readonly signal: AbortSignal;
  /** Bytes of the run arrived. Those before it do not count: a server may send them each time, and never what is wanted. */
  onBytes(): void;
  /**
   * A whole file arrives and has reached this byte of the torrent. Continues with the next run that starts before `end`. False if
   * no more of the file is wanted.
   */
  more(at: number, end: number): Promise<boolean>;
}

export type FetchOutcome =
  | { readonly kind: 'done' }
  /** The signal was aborted. */
  | { readonly kind: 'stopped' }
  /** Another connection does it. */
  | { readonly kind: 'left' }
  | { readonly kind: 'file-lost'; readonly file: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: HttpError; readonly retryAfterMs: number | null };

interface Answered {
  readonly body: Readable;
  readonly answer: RangeAnswer;
}

/** The answer is a whole file from its start, and another connection already reads one. */
class OneIsEnough extends HttpError {}

export class WebSeed {
  readonly index: number;
  readonly files: SeedFiles;
  readonly server: ServerUse;
  bytes = 0;
  /** Bytes per second of its last run; null before the first. */
  rate: number | null = null;
  /** True if it does not support ranges. */
  #wholeFilesOnly = false;
  /** How many answers in progress are whole files. */
  #wholeStreams = 0;
  readonly #url: string;
  readonly #files: readonly WebSeedFile[];
  readonly #single: boolean;
  readonly #stamp: FileStamp | null;
  readonly #visitor: Visitor;

  /** `files` in the order of the torrent. */
  constructor(
    index: number,
    url: string,
    torrent: {
      readonly files: readonly WebSeedFile[];
      readonly single: boolean;
      readonly geometry: Geometry;
      readonly stamp?: FileStamp;
    },
    server: ServerUse,
    visitor: Visitor,
  ) {
    this.index = index;
    this.server = server;
    this.files = new SeedFiles(torrent.files, torrent.geometry);
    this.#url = url;
    this.#files = torrent.files;
    this.#single = torrent.single;
    this.#stamp = torrent.stamp ?? null;
    this.#visitor = visitor;
  }

  /** True if it sends only whole files. Then one connection reads from the first missing piece on. */
  get isStreaming(): boolean {
    return this.#wholeFilesOnly;
  }

  /** `wants`: there is something to request from it. */
  mayBegin(now: number, wants: () => boolean): boolean {
    const isBusy = this.#wholeFilesOnly && !this.server.isFree;
    return !isBusy && this.server.mayBegin(now, wants);
  }

  /** Fetches the run from its current position. Never rejects. */
  async fetch(work: SeedWork): Promise<FetchOutcome> {
    let file = 0;
    try {
      while (work.run.at < work.run.end) {
        const { at, end } = work.run;
        file = fileAt(this.#files, at);
        const { offset, length, padding } = this.#files[file] as WebSeedFile;
        if (padding) work.run.writeZeros(Math.min(offset + length, end) - at);
        else if (this.files.has(file)) await this.#fetchFrom(file, work);
        else throw new FileLost(this.files.of(file).lostTo ?? '');
      }
      return { kind: 'done' };
    } catch (error) {
      if (work.signal.aborted) return { kind: 'stopped' };
      if (error instanceof OneIsEnough) return { kind: 'left' };
      if (error instanceof FileLost || error instanceof HttpRefusal)
        return { kind: 'file-lost', file, reason: error.message };
      const retryAfterMs = error instanceof ServerBusy ? error.retryAfterMs : null;
      return { kind: 'failed', error: httpErrorOf(error, work.signal), retryAfterMs };
    }
  }

  /** One request for the part of the file that the run still wants. The answer may have less, or the whole file. */
  async #fetchFrom(file: number, work: SeedWork): Promise<void> {
    const { offset, length } = this.#files[file] as WebSeedFile;
    const from = work.run.at - offset;
    const to = Math.min(length, work.run.end - offset);
    const { body, answer } = await this.#ask(file, { from, to, length }, work.signal);
    const { whole } = answer;
    let through = false;
    try {
      this.#wholeStreams += whole ? 1 : 0;
      if (whole && (from > 0 || to < length)) {
        this.#wholeFilesOnly = true;
        if (from > 0 && this.#wholeStreams > 1) throw new OneIsEnough('');
      }
      through = await this.#takeIn(file, body, answer, work);
    } finally {
      this.#wholeStreams -= whole ? 1 : 0;
      if (!through) body.destroy();
    }
  }

  /**
   * Tries the last target of the redirects first, then the URL itself (a redirect may be valid for a while only), and then the
   * other names of the file. Each request tries the names for itself: others may be trying them at the same time.
   */
  async #ask(file: number, asked: AskedRange, signal: AbortSignal): Promise<Answered> {
    const state = this.files.of(file);
    const { landing, name: first } = state;
    if (landing !== null) {
      try {
        return await this.#askAt(landing, file, asked, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        if (state.landing === landing) state.landing = null;
      }
    }
    const names = this.#namesOf(file).length;
    for (let i = 0; ; i++) {
      const name = (first + i) % names;
      try {
        const answered = await this.#askAt(
          { url: this.#urlOf(file, name), namedBy: null },
          file,
          asked,
          signal,
        );
        state.name = name;
        return answered;
      } catch (error) {
        const isLost = error instanceof FileLost || error instanceof HttpRefusal;
        if (signal.aborted || !isLost || i + 1 >= names) throw error;
      }
    }
  }

  async #askAt(at: Landing, file: number, asked: AskedRange, signal: AbortSignal): Promise<Answered> {
    const { status, headers, body, landing } = await this.#visitor.visit(at.url, {
      signal,
      silenceMs: WEB_SEED_SILENCE_MS,
      headers: { range: `bytes=${asked.from}-${asked.to - 1}` },
      namedBy: at.namedBy,
      refuses: (to, reach) => webSeedRefusal(to, (this.#files[file] as WebSeedFile).names, reach),
    });
    // A body that we do not want is destroyed. Its error event must have a listener, or the process ends.
    body.on('error', () => {});
    const answer = answerOr(() => body.destroy(), status, headers, { ...asked, stamp: this.#stamp });
    if (landing.url !== new URL(at.url).href) this.files.of(file).landing = landing;
    this.files.gives(file);
    return { body, answer };
  }

  /** Reads the body into the run. If it is a whole file, into more runs. True if it was read to its end. */
  async #takeIn(
    file: number,
    body: Readable,
    { whole, start, end, coding }: RangeAnswer,
    work: SeedWork,
  ): Promise<boolean> {
    const { offset } = this.#files[file] as WebSeedFile;
    const [began, bodyEnd] = [work.run.at, offset + end];
    /** The position in the torrent of the next byte. */
    let at = offset + start;
    let wanted = true;
    for await (const chunk of unpacked(body, coding)) {
      // More than the file: a body without a length may be a longer file, and a compressed one may be endless.
      if (at >= bodyEnd) return false;
      let from = 0;
      while (from < chunk.length && at < bodyEnd && wanted) {
        if (work.signal.aborted) throw new HttpError('');
        const done = this.#write(chunk.subarray(from), at, bodyEnd, work);
        from += done;
        at += done;
        const { run } = work;
        if (run.at >= run.end) wanted = whole && at < bodyEnd && (await work.more(at, bodyEnd));
      }
      // Leaving early loses the connection. That is worth it only if more data follows than we want.
      if (from < chunk.length || (at < bodyEnd && !wanted)) return false;
    }
    if (at < bodyEnd && work.run.at === began) throw endedEarly(whole && at > offset);
    return true;
  }

  /** The next bytes of a body, from this position in the torrent. Returns how many were written or passed over. */
  #write(bytes: Buffer, at: number, bodyEnd: number, work: SeedWork): number {
    const { run } = work;
    // The next run may begin behind the file: others may have sent the start of a piece that two files share.
    const [begin, end] = [Math.min(run.at, bodyEnd), Math.min(run.end, bodyEnd)];
    const skipped = Math.min(begin - at, bytes.length);
    const used = Math.min(bytes.length - skipped, end - begin);
    if (used > 0) work.onBytes();
    run.passOver(skipped);
    run.write(bytes.subarray(skipped, skipped + used));
    this.bytes += used;
    return skipped + used;
  }

  #namesOf(file: number): readonly string[] {
    return this.#isFileItself ? [''] : (this.#files[file] as WebSeedFile).names;
  }

  /** BEP 19: a URL with a slash at its end is a folder. For a torrent with several files it always is one. */
  #urlOf(file: number, name: number): string {
    if (this.#isFileItself) return this.#url;
    return `${this.#url}${this.#url.endsWith('/') ? '' : '/'}${this.#namesOf(file)[name] ?? ''}`;
  }

  get #isFileItself(): boolean {
    return this.#single && !this.#url.endsWith('/');
  }
}

function answerOr(
  destroy: () => void,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  asked: AskedRange,
): RangeAnswer {
  try {
    return rangeAnswer(status, headers, asked);
  } catch (error) {
    destroy();
    throw error;
  }
}

/** The uncompressed body. Throws FileLost in the middle if it cannot be uncompressed. */
async function* unpacked(body: Readable, coding: Coding | null): AsyncGenerator<Buffer> {
  if (coding === null) {
    yield* body as AsyncIterable<Buffer>;
    return;
  }
  const unpacker =
    coding === 'gzip' ? createGunzip() : coding === 'br' ? createBrotliDecompress() : createInflate();
  body.on('error', (error) => unpacker.destroy(error));
  body.pipe(unpacker);
  try {
    yield* unpacker as AsyncIterable<Buffer>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code !== undefined && /^(?:Z_|ERR__)/.test(code) ? packed(coding) : error;
  } finally {
    unpacker.destroy();
  }
}
