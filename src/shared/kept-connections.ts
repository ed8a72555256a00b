/** Connections that stay open between requests. A server may close one at the moment when we send a request. */
import type { Agent, ClientRequest } from 'node:http';
import { networkWords } from './network-words.ts';

/** The server closed a kept connection as we sent a request. The request may be sent again. */
export class StaleConnection extends Error {}

/** The error of a failed request. */
export function requestError(sent: ClientRequest, error: NodeJS.ErrnoException): Error {
  const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return sent.reusedSocket && isReset ? new StaleConnection(networkWords(error), { cause: error }) : error;
}

export function closeKept({ freeSockets }: Agent): void {
  for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
}
