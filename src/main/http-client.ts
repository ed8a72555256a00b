/** Whole answers over HTTP, bounded in size. */
import type { Reach } from '../shared/address-rules.ts';
import { HttpError, HttpVisitor, httpErrorOf, type Route, type Visit } from '../shared/http-visitor.ts';
import { CLIENT_NAME } from './identity.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** How near the one who answered is. */
  readonly reach: Reach;
}

export class HttpClient {
  readonly #visitor: HttpVisitor;

  constructor(route: Route) {
    this.#visitor = new HttpVisitor(route, CLIENT_NAME);
  }

  /** GETs a URL. Rejects with HttpError, whatever went wrong. */
  async get(url: string, request: Visit & { readonly maxBytes: number }): Promise<HttpAnswer> {
    const { status, body, reach } = await this.#visitor.visit(url, request);
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        length += chunk.length;
        if (length > request.maxBytes)
          throw new HttpError(`an answer of more than ${request.maxBytes} bytes`);
        chunks.push(chunk);
      }
    } catch (error) {
      throw httpErrorOf(error, request.signal);
    }
    return { status, body: Buffer.concat(chunks, length), reach };
  }

  close(): void {
    this.#visitor.close();
  }
}
