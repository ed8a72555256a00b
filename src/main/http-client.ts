/** HTTP as this program needs it: bounded in time, size and redirects. undici carries it. */
import { MAX_REDIRECTS } from '../shared/limits.ts';
import { CLIENT_NAME } from './identity.ts';

/** The message is for the user, and names no URL: that may hold a passkey. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** GETs a URL. Rejects with HttpError, whatever went wrong. */
export async function httpGet(url: string, maxBytes: number, signal: AbortSignal): Promise<HttpAnswer> {
  // Loaded when HTTP is first needed: it takes longer to load than the threads take to start.
  const { Agent, interceptors, request } = await import('undici');
  const agent = new Agent({ pipelining: 0 });
  try {
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTS }));
    const response = await request(url, {
      dispatcher,
      signal,
      headers: { 'user-agent': CLIENT_NAME.replace(' ', '/'), 'accept-encoding': 'identity' },
    });
    return { status: response.statusCode, body: await bounded(response.body, maxBytes) };
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (signal.aborted) throw new HttpError('no answer in time', { cause: error });
    throw new HttpError(reasonOf(error), { cause: error });
  } finally {
    await agent.destroy();
  }
}

async function bounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new HttpError(`an answer of more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (message.startsWith('Redirect loop')) return 'it redirects in a circle';
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its name cannot be looked up (${code})`;
  return code === undefined ? String(message) : `${code}`;
}
