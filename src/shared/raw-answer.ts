/**
 * All bytes that a server answers with, as they come. Node's reader ends a connection at the first byte that it cannot read, and
 * what was to come behind that is lost: so the server is asked once more, and its answer is not given to that reader.
 */
import { type RequestOptions, request } from 'node:http';

export interface RawBounds {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** Where the answer ends, by what came of it; null while that cannot be known. */
  readonly endOf: (beginning: Buffer) => number | null;
}

/** Heads are not longer, so `endOf` looks at no more. */
const HEAD_BYTES = 16_384;

/** Up to its end, to `maxBytes`, or to where the server closes. An aborted signal ends it, too. Rejects where nothing came. */
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
