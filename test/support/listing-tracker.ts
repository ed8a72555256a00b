/** A tracker for tests: it remembers what it was told, and names to each peer all others. */
import { createServer } from 'node:http';
import { portOf } from './wire-peer.ts';

/** What a client told it. */
export interface Told {
  readonly peerId: string;
  readonly host: string;
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  /** Empty for an announce that is only due. */
  readonly event: string;
}

export interface ListingTracker {
  readonly url: string;
  /** In the order in which they came. */
  readonly told: readonly Told[];
  /** Resolves once it was told such a thing. */
  heard(what: (told: Told) => boolean): Promise<Told>;
  close(): Promise<void>;
}

const WAIT_MS = 60_000;

/** `interval`: seconds between two announces of a client. */
export async function listingTracker(interval = 2): Promise<ListingTracker> {
  const told: Told[] = [];
  const watchers = new Set<() => void>();
  const peers = new Map<string, Told>();
  const server = createServer((request, response) => {
    const one = toldBy(request.url ?? '', request.socket.remoteAddress ?? '');
    told.push(one);
    if (one.event === 'stopped') peers.delete(one.peerId);
    else peers.set(one.peerId, one);
    const others = [...peers.values()].filter(({ peerId }) => peerId !== one.peerId);
    const list = Buffer.concat(others.map(compact));
    const head = `d8:intervali${interval}e12:min intervali${interval}e5:peers${list.length}:`;
    response.end(Buffer.concat([Buffer.from(head), list, Buffer.from('e')]));
    for (const watch of [...watchers]) watch();
  });
  const port = await portOf(server);
  return {
    url: `http://127.0.0.1:${port}/announce`,
    told,
    heard: (what) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(watch);
          reject(new Error(`the tracker heard only ${JSON.stringify(told)}`));
        }, WAIT_MS);
        const watch = (): void => {
          const found = told.find(what);
          if (found === undefined) return;
          clearTimeout(timer);
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        watch();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Hashes and ids are bytes: URLSearchParams would read them as UTF-8. */
function toldBy(url: string, remote: string): Told {
  const fields = new Map(
    (url.split('?')[1] ?? '').split('&').map((field) => {
      const [name = '', value = ''] = field.split('=');
      return [name, value];
    }),
  );
  const number = (name: string): number => Number(fields.get(name) ?? Number.NaN);
  return {
    peerId: fields.get('peer_id') ?? '',
    host: remote.replace(/^::ffff:/, ''),
    port: number('port'),
    uploaded: number('uploaded'),
    downloaded: number('downloaded'),
    left: number('left'),
    event: fields.get('event') ?? '',
  };
}

function compact({ host, port }: Told): Buffer {
  return Buffer.from([...host.split('.').map(Number), port >> 8, port & 255]);
}
