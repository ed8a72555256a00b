/**
 * One web seed (BEP 19): an HTTP server with the files of the torrent. A few connections at a time fetch runs of pieces as
 * byte ranges, over connections that stay open.
 */

import { HttpError, HttpRefusal, type HttpVisitor, httpErrorOf } from '../../shared/http-visitor.ts';
import {
  MAX_WEB_SEED_FAILURES,
  WEB_SEED_BACKOFF_MAX_MS,
  WEB_SEED_BACKOFF_MS,
  WEB_SEED_SILENCE_MS,
} from '../../shared/limits.ts';
import type { WebSeedFile } from '../../shared/web-seed-messages.ts';
import type { SlotWriter } from './slot-writer.ts';

/** The server will not do, now or later. */
class Hopeless extends HttpError {}

export class WebSeed {
  readonly #url: string;
  readonly #files: readonly WebSeedFile[];
  readonly #single: boolean;
  readonly #visitor: HttpVisitor;
  #failures = 0;
  /** Until then further failures are the same one. */
  #retryAt = 0;
  #lostTo: string | null = null;
  bytes = 0;

  /** `files` in the order of the torrent. */
  constructor(url: string, files: readonly WebSeedFile[], single: boolean, visitor: HttpVisitor) {
    this.#url = url;
    this.#files = files;
    this.#single = single;
    this.#visitor = visitor;
  }

  /** Why it is not asked any more; null while it is. */
  get lostTo(): string | null {
    return this.#lostTo;
  }

  /** Never again. */
  drop(reason: string): void {
    this.#lostTo ??= reason;
  }

  /** Fetches the run; resolves to how long to wait before the next, in milliseconds. Never rejects. */
  async fetch(run: SlotWriter, signal: AbortSignal): Promise<number> {
    try {
      for (let i = fileAt(this.#files, run.at); run.at < run.end; i++) {
        const file = this.#files[i];
        if (file === undefined) break;
        const end = Math.min(file.offset + file.length, run.end);
        if (file.padding) run.writeZeros(end - run.at);
        else if (end > run.at) await this.#fetchRange(file, end, run, signal);
      }
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      return this.#failed(httpErrorOf(error, signal));
    }
  }

  async #fetchRange(file: WebSeedFile, end: number, run: SlotWriter, signal: AbortSignal): Promise<void> {
    const [from, to] = [run.at - file.offset, end - file.offset];
    const { status, headers, body } = await this.#visitor.visit(this.#urlOf(file), {
      signal,
      silenceMs: WEB_SEED_SILENCE_MS,
      headers: { range: `bytes=${from}-${to - 1}` },
      // A torrent must not make us ask servers of our own network for whatever a query makes them do.
      refuses: (url, reach) =>
        reach !== 'public' && url.search !== '' ? 'a web seed on our own network may have no query' : null,
    });
    // An answer that is not wanted is destroyed, and says so as an error that nobody else hears.
    body.on('error', () => {});
    try {
      checkAnswer(status, headers, from, to, file.length);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        const wanted = chunk.subarray(0, end - run.at);
        this.bytes += wanted.length;
        this.#failures = 0;
        run.write(wanted);
        // Left before its natural end the connection is lost; it is worth that only where more comes than was asked for.
        if (run.at >= end && (status === 200 || wanted.length < chunk.length)) break;
      }
    } finally {
      if (run.at < end || status === 200) body.destroy();
    }
    if (run.at < end) throw new HttpError('it ended too early');
  }

  /** Connections that fail together count as one: it is one server. */
  #failed(error: HttpError): number {
    const now = performance.now();
    if (now >= this.#retryAt) this.#failures += 1;
    if (error instanceof Hopeless || error instanceof HttpRefusal) this.drop(error.message);
    else if (this.#failures >= MAX_WEB_SEED_FAILURES) this.drop(`${error.message}, ${this.#failures} times`);
    const wait = Math.min(
      WEB_SEED_BACKOFF_MS * 2 ** Math.max(0, this.#failures - 1),
      WEB_SEED_BACKOFF_MAX_MS,
    );
    this.#retryAt = Math.max(this.#retryAt, now + wait);
    return wait;
  }

  /** BEP 19: a URL that ends in a slash is a folder; of a torrent with several files it always is one. */
  #urlOf({ suffix }: WebSeedFile): string {
    if (this.#single && !this.#url.endsWith('/')) return this.#url;
    return `${this.#url}${this.#url.endsWith('/') ? '' : '/'}${suffix}`;
  }
}

/** Throws where the answer is not the range that was asked for. */
function checkAnswer(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  from: number,
  to: number,
  length: number,
): void {
  if (status === 404 || status === 410 || status === 403 || status === 401)
    throw new Hopeless(`HTTP status ${status}`);
  if (status === 416) throw new Hopeless('its file is shorter than the torrent says');
  if (status === 200) {
    if (from > 0) throw new Hopeless('it sends whole files only');
    return;
  }
  if (status !== 206) throw new HttpError(`HTTP status ${status}`);
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(String(headers['content-range'] ?? ''));
  const isRight = range !== null && Number(range[1]) === from && Number(range[2]) === to - 1;
  if (!isRight) throw new Hopeless('it answers with another range than it was asked for');
  if (range[3] !== '*' && Number(range[3]) !== length)
    throw new Hopeless(`its file has ${range[3]} bytes where the torrent's has ${length}`);
}

/** The file in which the byte lies; those of length zero hold none. */
function fileAt(files: readonly WebSeedFile[], offset: number): number {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const file = files[middle] as WebSeedFile;
    if (file.offset + file.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
