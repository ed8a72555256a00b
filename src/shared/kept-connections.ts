/** Connections that are kept open between requests: a server may close one at the moment at which we speak. */
import type { Agent, ClientRequest } from 'node:http';
import { networkWords } from './network-words.ts';

/** A connection that was kept open was closed as we spoke: the question may be asked again. */
export class StaleConnection extends Error {}

/** What a request failed of. */
export function requestError(sent: ClientRequest, error: NodeJS.ErrnoException): Error {
  const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return sent.reusedSocket && isReset ? new StaleConnection(networkWords(error), { cause: error }) : error;
}

export function closeKept({ freeSockets }: Agent): void {
  for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
}
