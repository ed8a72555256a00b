/** Peers that connect to us: how many may, and under which numbers they go. */
import type { PeerIndex } from '../shared/indices.ts';
import { MAX_ACCEPTED_PEERS, MAX_ACCEPTED_PER_ADDRESS } from '../shared/limits.ts';
import type { PeerAddress } from '../shared/messages.ts';
import type { Connection, ConnectionEvents, Listener, Listening, Transport } from './peer/transport.ts';

export interface DoorRequest {
  readonly port: number;
  readonly host: string | null;
  readonly firstPeer: PeerIndex;
}

/** What the shard is told. */
export interface DoorHost {
  readonly mayAccept: boolean;
  onListening(listening: Listening): void;
  onAccepted(address: PeerAddress, start: (events: ConnectionEvents) => Connection): void;
}

export class Door {
  readonly #host: DoorHost;
  readonly #listener: Listener;
  readonly #perAddress = new Map<string, number>();
  #next: number;
  /** Who is in, and from where. */
  readonly #inside = new Map<PeerIndex, string>();

  constructor({ port, host, firstPeer }: DoorRequest, transport: Transport, shard: DoorHost) {
    this.#host = shard;
    this.#next = firstPeer;
    const onAccept = ({ host: from, port: fromPort }: { host: string; port: number }, start: Start) => {
      const sameAddress = this.#perAddress.get(from) ?? 0;
      const isFull = this.#inside.size >= MAX_ACCEPTED_PEERS || sameAddress >= MAX_ACCEPTED_PER_ADDRESS;
      if (isFull || !shard.mayAccept) return;
      const peer = this.#next++ as PeerIndex;
      this.#inside.set(peer, from);
      this.#perAddress.set(from, sameAddress + 1);
      shard.onAccepted({ peer, host: from, port: fromPort }, start);
    };
    this.#listener = transport.listen({ port, host, onAccept }, (listening) =>
      this.#host.onListening(listening),
    );
  }

  /** The peer came by this door. */
  has(peer: PeerIndex): boolean {
    return this.#inside.has(peer);
  }

  /** A peer is gone; true if it had come by this door. */
  left(peer: PeerIndex): boolean {
    const host = this.#inside.get(peer);
    if (host === undefined) return false;
    this.#inside.delete(peer);
    const rest = (this.#perAddress.get(host) ?? 1) - 1;
    if (rest === 0) this.#perAddress.delete(host);
    else this.#perAddress.set(host, rest);
    return true;
  }

  close(): void {
    this.#listener.close();
  }
}

type Start = (events: ConnectionEvents) => Connection;
