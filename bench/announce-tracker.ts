/** An HTTP tracker of one torrent, as trackers are: a peer gets the others that have announced themselves (BEP 3, BEP 23). */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface AnnounceTracker {
  readonly announce: string;
  /** Resolves when this many peers are known. */
  known(peers: number): Promise<void>;
  /** Begins with a new swarm. */
  forget(): void;
  close(): void;
}

const INTERVAL_S = 300;
const DEFAULT_PEERS = 50;
const KNOWN_WITHIN_MS = 60_000;

export async function openTracker(host: string): Promise<AnnounceTracker> {
  const peers = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const query = new URLSearchParams((request.url ?? '').split('?', 2)[1]);
    const address = request.socket.remoteAddress ?? '';
    const others = [...peers].filter(([other]) => other !== address).map(([, compact]) => compact);
    if (query.get('event') === 'stopped') peers.delete(address);
    else peers.set(address, compactOf(address, Number(query.get('port'))));
    const some = anyOf(others, Number(query.get('numwant') ?? DEFAULT_PEERS));
    const head = `d8:intervali${INTERVAL_S}e5:peers${some.length * 6}:`;
    response.end(Buffer.concat([Buffer.from(head), ...some, Buffer.from('e')]));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    announce: `http://${host}:${(server.address() as AddressInfo).port}/announce`,
    known: async (count) => {
      const deadline = performance.now() + KNOWN_WITHIN_MS;
      while (peers.size < count && performance.now() < deadline) await sleep(20);
      if (peers.size < count) throw new Error(`the tracker knows ${peers.size} of ${count} peers`);
    },
    forget: () => peers.clear(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** At most this many, in any order. */
function anyOf(peers: readonly Buffer[], count: number): Buffer[] {
  return peers
    .map((peer) => ({ peer, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .slice(0, Math.max(0, count))
    .map(({ peer }) => peer);
}

function compactOf(address: string, port: number): Buffer {
  return Buffer.from([...address.split('.').map(Number), port >> 8, port & 0xff]);
}
