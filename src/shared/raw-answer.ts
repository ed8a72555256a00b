/**
 * All bytes of a server's answer, unparsed. Node's HTTP parser closes a connection at the first byte that it cannot parse, and
 * the rest is lost. So the request is sent once more, and its answer bypasses that parser.
 */
import { type RequestOptions, request } from 'node:http';

export interface RawBounds {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** The end of the answer, judged from its beginning; null while it cannot be known. */
  readonly endOf: (beginning: Buffer) => number | null;
}

/** Heads are not longer than this, so `endOf` gets no more. */
const HEAD_BYTES = 16_384;

/**
 * Reads up to the end of the answer, to `maxBytes`, or until the server closes; an aborted signal also ends it. Rejects if
 * nothing arrived.
 */
export function rawAnswer(options: RequestOptions, { signal, maxBytes, endOf }: RawBounds): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let most: number | null = null;
    const sent = request({ ...options, headers: { ...options.headers, connection: 'close' } });
    const end = (error?: Error): void => {
      signal.removeEventListener('abort', abort);
      sent.destroy();
      if (length > 0) resolve(Buffer.concat(chunks));
      else reject(error ?? new Error('it sent nothing'));
    };
    const abort = (): void => end();
    signal.addEventListener('abort', abort, { once: true });
    sent.on('error', end);
    sent.once('close', abort);
    sent.once('socket', (socket) => {
      socket.removeAllListeners('data');
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (most === null && length < HEAD_BYTES) most = endOf(Buffer.concat(chunks));
        length += chunk.length;
        if (length >= (most ?? maxBytes)) end();
      });
    });
    sent.end();
    if (signal.aborted) abort();
  });
}
