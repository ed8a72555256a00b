/**
 * What a peer and we say to each other beside pieces: extensions (BEP 10) and hashes of trees (BEP 52). Each part is made when it is
 * first used.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { TorrentCommand } from '../../shared/messages.ts';
import { MESSAGE } from '../wire/message.ts';
import { AnswerQueue } from './answer-queue.ts';
import { extendedPeer, type InboxEvents } from './extended-peer.ts';
import type { PeerDriver } from './peer-driver.ts';
import { PeerExtensions } from './peer-extensions.ts';
import { PeerHashes } from './peer-hashes.ts';
import type { PeerHost } from './peer-host.ts';

/** Commands of main for one peer. */
export type PeerCommand = Extract<
  TorrentCommand,
  { type: 'ask-metadata' | 'ask-hashes' | 'tell-hashes' | 'tell-node' }
>;

export class SideTalk {
  readonly #peer: PeerDriver;
  readonly #host: PeerHost;
  readonly #events: InboxEvents;
  #answers: AnswerQueue | null = null;
  #extensions: PeerExtensions | null = null;
  #hashes: PeerHashes | null = null;

  constructor(peer: PeerDriver, host: PeerHost, events: InboxEvents) {
    this.#peer = peer;
    this.#host = host;
    this.#events = events;
  }

  tick(): void {
    this.#answers?.tick();
  }

  /** Null until its first extended message. */
  get extensions(): PeerExtensions | null {
    return this.#extensions;
  }

  command(command: PeerCommand): void {
    switch (command.type) {
      case 'ask-metadata':
        return this.#extensions?.askMetadata(command.parts);
      case 'tell-node':
        return this.#extensions?.tellNode(command.body);
      case 'ask-hashes':
        return this.#tree?.ask(command.requests);
      case 'tell-hashes':
        return this.#tree?.answer(command.request, command.answer, (...of) => {
          this.#host.torrent.uploads.leavesOf(...of);
        });
    }
  }

  /** A whole extended message after its id. Returns the reason to close the peer, if there is one. */
  extended(payload: Buffer): CloseCode | null {
    this.#extensions ??= new PeerExtensions(
      extendedPeer(this.#peer, this.#host, this.#events, (make) => this.#answer(make)),
      this.#host.clock,
    );
    return this.#extensions.message(payload);
  }

  /** It may be asked for hashes from now on. */
  greeted(): void {
    if (this.#tree !== null) this.#host.tell({ type: 'has-hashes', peer: this.#peer.index });
  }

  /** Messages 21 to 23. True if it is an answer that we wait for. A peer of version 1 has no such messages. */
  hashMessage(id: number, payload: Buffer): boolean {
    return this.#tree?.message(id, payload) === true && id !== MESSAGE.hashRequest;
  }

  #answer(make: () => Uint8Array): void {
    this.#answers ??= new AnswerQueue(this.#peer);
    this.#answers.push(make);
  }

  get #tree(): PeerHashes | null {
    if (this.#peer.version.now !== 2) return null;
    this.#hashes ??= new PeerHashes(this.#peer.index, {
      clock: this.#host.clock,
      send: (bytes) => this.#peer.send(bytes),
      answer: (make) => this.#answer(make),
      tell: (news) => this.#host.tell(news),
    });
    return this.#hashes;
  }
}
