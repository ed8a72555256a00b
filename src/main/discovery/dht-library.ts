/** The part of bittorrent-dht that is used here, as a simulation may fill it. */
import type { EventEmitter } from 'node:events';

export interface LibraryNode {
  readonly host: string;
  readonly port: number;
  /** When it was last heard, by the calendar. */
  readonly seen?: number;
}

export interface LibraryClient extends EventEmitter {
  readonly nodes: { count(): number; toArray(): readonly LibraryNode[] };
  addNode(node: LibraryNode): void;
  /** Returns how it is given up: it ends with the next answer. */
  lookup(infoHash: Buffer, done: (error: Error | null) => void): () => void;
  announce(infoHash: Buffer, port: number, done: (error: Error | null) => void): void;
  destroy(closed: () => void): void;
}

export type DhtLibrary = new (options: {
  readonly bootstrap: false;
  readonly socket: EventEmitter;
  readonly maxAge: number;
}) => LibraryClient;
