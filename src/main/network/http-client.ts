/** Whole answers over HTTP, bounded in size. */
import type { Reach } from '../../shared/address-rules.ts';
import {
  HttpTooLong,
  HttpUnreadable,
  HttpVisitor,
  httpErrorOf,
  type Route,
  type Visit,
} from '../../shared/http-visitor.ts';
import { rawAnswer } from '../../shared/raw-answer.ts';
import { unpacked } from './http-body.ts';
import { CLIENT_NAME } from './identity.ts';
import { mayBeSloppy, type SloppyAnswer, sloppyAnswer, sloppyEnd } from './sloppy-answer.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The reach of the server that answered. */
  readonly reach: Reach;
}

export class HttpClient {
  readonly #visitor: HttpVisitor;

  constructor(route: Route) {
    this.#visitor = new HttpVisitor(route, CLIENT_NAME);
  }

  /** GETs a URL. Every failure is an HttpError. */
  async get(url: string, request: Visit & { readonly maxBytes: number }): Promise<HttpAnswer> {
    const answer = await this.#answer(url, request);
    const encoding = String(answer.headers['content-encoding'] ?? '');
    return { ...answer, body: await unpacked(answer.body, encoding, request.maxBytes) };
  }

  async #answer(url: string, request: Visit & { readonly maxBytes: number }): Promise<HttpAnswer> {
    try {
      const { body, ...head } = await this.#visitor.visit(url, request);
      return { ...head, body: await wholeBody(body, request) };
    } catch (error) {
      const sloppy = error instanceof HttpUnreadable ? await this.#sloppy(error, request) : null;
      if (sloppy === null) throw error;
      return { ...sloppy, reach: (error as HttpUnreadable).reach };
    }
  }

  /** Reads an answer that Node's parser refused. The packet may be only a part of the answer. */
  async #sloppy(
    { packet, question, cause }: HttpUnreadable,
    { signal, maxBytes }: Visit & { readonly maxBytes: number },
  ): Promise<SloppyAnswer | null> {
    // With this code the packet is the start of the answer. If it does not look like HTTP (an SSH server, for example), give up.
    const isBeginning = (cause as NodeJS.ErrnoException).code === 'HPE_INVALID_CONSTANT';
    if (isBeginning && !mayBeSloppy(packet)) return null;
    const isWhole = packet.length >= (sloppyEnd(packet) ?? Number.POSITIVE_INFINITY);
    const bounds = { signal, maxBytes, endOf: sloppyEnd };
    return sloppyAnswer(isWhole ? packet : await rawAnswer(question, bounds).catch(() => packet));
  }

  close(): void {
    this.#visitor.close();
  }
}

async function wholeBody(
  body: AsyncIterable<Uint8Array>,
  { maxBytes, signal, lenient }: Visit & { readonly maxBytes: number },
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > maxBytes) throw new HttpTooLong(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    // Some servers announce more bytes than they send: the caller decides whether the bytes make sense.
    const isCutOff = (error as NodeJS.ErrnoException).code === 'ECONNRESET' && length > 0;
    if (lenient !== true || !isCutOff || signal.aborted) throw httpErrorOf(error, signal);
  }
  return Buffer.concat(chunks, length);
}
