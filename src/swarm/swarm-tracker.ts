/**
 * The swarm's HTTP tracker: every announce gets every peer, compact (BEP 23). `/stats` returns the swarm's own part of the
 * times, `/stats?anew` starts with a new client.
 */
import { createServer, type Server } from 'node:http';

export interface SwarmTracker {
  readonly port: number;
  close(): Promise<void>;
}

export interface SwarmTrackerOptions {
  /** 6 bytes per peer, made on request: the tracker is needed before the ports of the peers are known. */
  readonly compactPeers: () => Buffer;
  readonly stats: () => unknown;
  readonly anew: () => void;
}

export async function openTracker(
  host: string,
  { compactPeers, stats, anew }: SwarmTrackerOptions,
): Promise<SwarmTracker> {
  const server: Server = createServer((request, response) => {
    const [path, query] = (request.url ?? '').split('?', 2);
    if (path === '/stats') {
      if (query === 'anew') anew();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(stats()));
    } else if (path === '/announce') {
      const peers = compactPeers();
      const head = Buffer.from(`d8:intervali1800e5:peers${peers.length}:`);
      response.setHeader('content-type', 'text/plain');
      response.end(Buffer.concat([head, peers, Buffer.from('e')]));
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0 }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the tracker got no port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
