/** Parts of a plain file, fetched from its URL by the main thread: few, when something about the pieces is in doubt. */
import { HttpError } from '../../shared/http-visitor.ts';
import { PLAIN_PART_TRIES, PLAIN_PART_WAIT_MS, WEB_SEED_SILENCE_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import type { HttpClient } from '../network/http-client.ts';
import type { Metainfo, PlainFile } from './metainfo.ts';

interface PartsHost {
  readonly http: Pick<HttpClient, 'get'>;
  readonly later: Later;
  /** Bytes per second; 0: no limit. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

export class PlainFileParts {
  readonly #url: string;
  readonly #length: number;
  readonly #stamp: PlainFile['stamp'];
  readonly #host: PartsHost;
  /** Bytes that came. */
  bytes = 0;

  private constructor(url: string, length: number, stamp: PlainFile['stamp'], host: PartsHost) {
    this.#url = url;
    this.#length = length;
    this.#stamp = stamp;
    this.#host = host;
  }

  /** `url`: of the file. Null: it is no plain file, or may not be fetched. */
  static of(
    { plainFile, geometry }: Metainfo,
    url: string | undefined,
    host: PartsHost,
  ): PlainFileParts | null {
    if (plainFile === null || url === undefined) return null;
    return new PlainFileParts(url, geometry.contentLength, plainFile.stamp, host);
  }

  /** Tries a few times. Rejects with an `HttpError`, also when the run is over. */
  async fetch(from: number, to: number): Promise<Buffer> {
    for (let tries = 1; ; tries++) {
      try {
        const body = await this.#try(from, to);
        this.bytes += body.length;
        const { limit } = this.#host;
        if (limit > 0) await this.#wait((body.length * 1_000) / limit);
        return body;
      } catch (error) {
        if (!(error instanceof HttpError) || tries === PLAIN_PART_TRIES || this.#host.signal.aborted)
          throw error;
        await this.#wait(PLAIN_PART_WAIT_MS * 2 ** (tries - 1));
      }
    }
  }

  async #try(from: number, to: number): Promise<Buffer> {
    const { http, signal } = this.#host;
    const { status, headers, body } = await http.get(this.#url, {
      maxBytes: to - from,
      signal,
      silenceMs: WEB_SEED_SILENCE_MS,
      headers: { range: `bytes=${from}-${to - 1}` },
    });
    if (status !== 206) throw new HttpError(`HTTP status ${status}`);
    const range = String(headers['content-range'] ?? '').trim();
    if (range.toLowerCase() !== `bytes ${from}-${to - 1}/${this.#length}` || body.length !== to - from)
      throw new HttpError('it sends another part than it was asked for');
    const { modified, etag } = this.#stamp;
    const isOther = (name: string, known: string | null): boolean =>
      known !== null && headers[name] !== undefined && headers[name] !== known;
    if (isOther('last-modified', modified) || isOther('etag', etag))
      throw new HttpError('the file has changed');
    return body;
  }

  /** Ends early when the run is over. */
  #wait(ms: number): Promise<void> {
    const { later, signal } = this.#host;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = later(ms, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}
