/** The part of bittorrent-dht that we use. A simulation provides its own. */
import type { EventEmitter } from 'node:events';

export interface LibraryNode {
  readonly host: string;
  readonly port: number;
  /** When the node was last heard, as calendar time. */
  readonly seen?: number;
}

export interface LibraryClient extends EventEmitter {
  readonly nodes: { count(): number; toArray(): readonly LibraryNode[] };
  addNode(node: LibraryNode): void;
  /** Returns a function that gives the search up: it ends with the next answer. */
  lookup(infoHash: Buffer, done: (error: Error | null) => void): () => void;
  announce(infoHash: Buffer, port: number, done: (error: Error | null) => void): void;
  destroy(closed: () => void): void;
}

export type DhtLibrary = new (options: {
  readonly bootstrap: false;
  readonly socket: EventEmitter;
  readonly maxAge: number;
}) => LibraryClient;
