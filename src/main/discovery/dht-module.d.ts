/** The part of bittorrent-dht that is used here; the package has no types of its own. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';

  export interface DhtNode {
    readonly host: string;
    readonly port: number;
  }

  export class Client extends EventEmitter {
    constructor(options: { bootstrap: readonly string[] | false; socket: unknown; maxAge?: number });
    readonly nodes: { count(): number };
    addNode(node: DhtNode): void;
    listen(port: number, host: string | undefined, listening: () => void): void;
    lookup(infoHash: Buffer, done?: (error: Error | null) => void): void;
    announce(infoHash: Buffer, port: number, done?: (error: Error | null) => void): void;
    toJSON(): { readonly nodes: readonly DhtNode[] };
    destroy(closed: () => void): void;
  }
}
