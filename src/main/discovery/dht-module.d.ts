/** The part of bittorrent-dht that is used here; the package has no types of its own. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';

  export interface DhtNode {
    readonly host: string;
    readonly port: number;
    /** When it was last heard, by the calendar. */
    readonly seen?: number;
  }

  export class Client extends EventEmitter {
    constructor(options: { bootstrap: false; socket: unknown; maxAge?: number });
    readonly nodes: { count(): number; toArray(): readonly DhtNode[] };
    addNode(node: DhtNode): void;
    lookup(infoHash: Buffer, done?: (error: Error | null) => void): void;
    announce(infoHash: Buffer, port: number, done?: (error: Error | null) => void): void;
    destroy(closed: () => void): void;
  }
}
