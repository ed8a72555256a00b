/**
 * Drives one peer: performs the effects of the reducer, and turns socket events into inputs of the reducer. Holds what a peer
 * has besides its state: connection, inbox, book.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import { MAX_UNSENT_BYTES, REJECTS_BEFORE_REST } from '../../shared/limits.ts';
import type { PeerAddress, TransportKind } from '../../shared/messages.ts';
import { type Approach, PLAIN } from '../dialling/approaches.ts';
import { type Place, RequestBook, type RequestedPeer } from '../requests/requester.ts';
import type { Address, Connection, ConnectionEvents } from '../transport/transport.ts';
import type { ServedPeer } from '../uploads/served-peer.ts';
import { UploadBook } from '../uploads/upload-book.ts';
import { connect } from './connect.ts';
import type { PeerExtensions } from './peer-extensions.ts';
import type { PeerHost } from './peer-host.ts';
import { PeerInbox } from './peer-inbox.ts';
import { QUEUED, reducePeer } from './peer-reducer.ts';
import type { Choked, Greeting, PeerEffect, PeerInput, PeerState, Unchoked } from './peer-state.ts';
import type { PieceSet } from './piece-set.ts';
import type { PeerCommand } from './side-talk.ts';
import { SpokenVersion } from './spoken-version.ts';
import { NO_PIECES } from './told-pieces.ts';

export class PeerDriver implements RequestedPeer, ServedPeer, ConnectionEvents {
  readonly index: PeerIndex;
  readonly address: Address;
  readonly peerAddress: PeerAddress;
  readonly #approach: Approach;
  readonly #host: PeerHost;
  // Most addresses never answer, so the parts of a connected peer are made when it connects.
  #book: RequestBook | null = null;
  #uploads: UploadBook | null = null;
  #inbox: PeerInbox | null = null;
  #state: PeerState = QUEUED;
  #connection: Connection | null = null;
  #transport: TransportKind = 'tcp';
  #lastReceivedAt = 0;
  #lastSentAt = 0;
  readonly version: SpokenVersion;
  /** It has proved that it is a node of our cluster. */
  isNode = false;

  constructor(address: PeerAddress, host: PeerHost, approach: Approach = PLAIN) {
    const { peer, host: name, port, version2 = false, eager = false } = address;
    this.index = peer;
    this.address = { host: name, port };
    const traits = { ...(version2 ? { version2 } : {}), ...(eager ? { eager } : {}) };
    this.peerAddress = { peer, ...this.address, ...traits };
    this.version = new SpokenVersion(approach.version ?? 1);
    this.#approach = approach;
    this.#host = host;
  }

  get pieces(): PieceSet {
    return this.#inbox?.told.set ?? NO_PIECES;
  }

  offers(piece: number): boolean {
    return this.pieces.has(piece) && this.#host.torrent.mayComeFrom(this.isNode ? 'nodes' : 'outside', piece);
  }

  get state(): PeerState {
    return this.#state;
  }

  get book(): RequestBook {
    this.#book ??= new RequestBook();
    return this.#book;
  }

  get receivedBytes(): number {
    return this.#book?.receivedBytes ?? 0;
  }

  get uploads(): UploadBook {
    this.#uploads ??= new UploadBook();
    return this.#uploads;
  }

  get sentBytes(): number {
    return this.#uploads?.sentBytes ?? 0;
  }

  get fast(): boolean {
    return this.inSession && (this.#state as Choked | Unchoked).session.fast;
  }

  get isInterested(): boolean {
    return this.inSession && (this.#state as Choked | Unchoked).session.theyInterested;
  }

  /** It wants data from us, and we unchoke it. */
  get isServed(): boolean {
    return this.#uploads?.unchoked === true && this.isInterested;
  }

  get unsentBytes(): number {
    return this.#connection?.unsentBytes ?? 0;
  }

  get client(): string | null {
    return this.extensions?.client ?? null;
  }

  /** Null until its handshake. */
  get peerId(): string | null {
    return this.#inbox?.peerId ?? null;
  }

  get peerIdPrefix(): string | null {
    return this.#inbox?.peerIdPrefix ?? null;
  }

  /** Its transport, or its last one. */
  get transport(): TransportKind {
    return this.#connection?.kind ?? this.#transport;
  }

  get mayRequest(): boolean {
    return this.#state.phase === 'unchoked';
  }

  get allowedFast(): ReadonlySet<PieceIndex> | null {
    return this.inSession ? (this.#inbox?.allowedFast ?? null) : null;
  }

  get inSession(): boolean {
    return this.#state.phase === 'choked' || this.#state.phase === 'unchoked';
  }

  dial(): void {
    this.apply({ type: 'dial' });
  }

  /** It connected to us at that time. */
  accept(connection: Connection, at: number): void {
    this.#lastReceivedAt = this.#host.clock();
    this.apply({ type: 'accepted', at });
    this.#connection = connection;
  }

  close(code: CloseCode, detail?: string): void {
    this.apply(detail === undefined ? { type: 'close', code } : { type: 'close', code, detail });
  }

  tick(): void {
    if (this.#state.phase === 'closed') return;
    this.#inbox?.tick();
    const wantsNothing = this.pieces.complete || this.extensions?.uploadOnly === true;
    if (this.#host.torrent.isSeed && this.inSession && wantsNothing && !this.#host.torrent.mayBeNode(this))
      return this.close('both-complete');
    if (this.inSession && this.#inbox?.told.differsFrom((this.#state as Choked | Unchoked).session.useful))
      this.reviewUse();
    this.apply({
      type: 'tick',
      ...this.#host.deadlines,
      torrentKnown: this.#host.torrent.pieceCount !== null,
      lastReceivedAt: this.#lastReceivedAt,
      lastSentAt: this.#lastSentAt,
      isServed: this.isServed,
      owingSince: this.#book?.owes === true ? this.#book.owingSince : null,
      rejectsAll: (this.#book?.rejectsInRow ?? 0) >= REJECTS_BEFORE_REST,
    });
  }

  /** Checks whether it has anything that we want, also when only the number of wanted pieces grew. */
  reviewUse(): void {
    const useful = this.inSession ? (this.#inbox?.told.isUseful() ?? null) : null;
    if (useful !== null) this.apply({ type: 'usefulness', useful });
  }

  send(bytes: Uint8Array): void {
    if (this.#connection === null) return;
    this.#lastSentAt = this.#host.clock();
    this.#connection.write(bytes);
    if (this.#connection.unsentBytes > MAX_UNSENT_BYTES) this.close('unread-backlog');
  }

  sendParts(parts: readonly Uint8Array[], sent: () => void): void {
    this.#lastSentAt = this.#host.clock();
    this.#connection?.writeParts(parts, sent);
  }

  /** The torrent is known now. */
  torrentKnown(pieceCount: number): void {
    if (this.#state.phase === 'closed') return;
    // A peer that is looking for the metadata learns that we have it.
    if (this.extensions?.lacksMetadata === true) this.offerAgain();
    this.#inbox?.torrentKnown(pieceCount);
    this.#host.working.note(this, true);
  }

  /** What we offer has changed (BEP 10). */
  offerAgain(): void {
    if (!this.inSession || !(this.#state as Choked | Unchoked).session.extended) return;
    this.#say(['extended-handshake']);
  }

  /** Null until its first extended message (BEP 10). */
  get extensions(): PeerExtensions | null {
    return this.#inbox?.extensions ?? null;
  }

  /** Of main, about this peer alone. */
  command(command: PeerCommand): void {
    if (this.inSession) this.#inbox?.command(command);
  }

  get blockRemaining(): number {
    return this.#inbox?.blockRemaining ?? 0;
  }

  moveBlock(place: Place): void {
    this.#inbox?.moveBlock(place);
  }

  /** It sent a block that we wanted. */
  gaveBlock(): void {
    const isFirst = this.#state.timeline.firstBlock === null;
    if (isFirst || (this.#state.phase === 'unchoked' && this.#state.session.silent))
      this.apply({ type: 'block' });
    if (isFirst) this.#host.onFirstBlock(this);
  }

  // --- ConnectionEvents

  onConnect(): void {
    this.#host.guard(() => {
      this.#lastReceivedAt = this.#host.clock();
      this.apply({ type: 'connected' });
    });
  }

  onData(length: number): void {
    this.#host.guard(() => {
      this.#lastReceivedAt = this.#host.clock();
      this.#inbox ??= new PeerInbox(this, this.#host);
      this.#inbox.push(this.#host.transport.readBuffer, length);
    });
  }

  onEnd(code: CloseCode, detail: string): void {
    this.#host.guard(() => this.close(code, detail));
  }

  onShortage(code: string): void {
    this.#host.guard(() => {
      this.apply({ type: 'postpone' });
      this.#host.onShortage(this, code);
    });
  }

  /** Every transition of this peer goes through here. */
  apply(input: PeerInput): void {
    const before = this.#state;
    const { state, effects } = reducePeer(before, input, this.#host.clock());
    if (state !== before) {
      this.#state = state;
      this.#host.working.note(this, this.#host.torrent.pieceCount !== null);
      if (state.phase !== before.phase) this.#host.onPhase(this, before, state);
    }
    for (const effect of effects) this.#perform(effect);
  }

  #say(messages: readonly Greeting[]): void {
    const { greetings, torrent } = this.#host;
    const localPort = this.#connection?.localPort ?? null;
    const to = { ...this.address, version: this.version.now, localPort };
    this.send(greetings.bytes(messages, to, torrent.offer));
  }

  #perform(effect: PeerEffect): void {
    switch (effect.type) {
      case 'connect':
        this.#connection = connect(this, this.address, this.#approach, this.#host);
        return;
      case 'send':
        this.#say(effect.messages);
        return;
      case 'request':
        this.#host.torrent.requester.widened(this);
        this.#host.torrent.requester.fill(this);
        return;
      case 'return-requests':
        if (this.#book !== null) this.#host.torrent.requester.giveBack(this);
        return;
      case 'snub':
        this.#host.torrent.requester.snub(this);
        return;
      case 'report':
        this.#host.onMilestone(this, effect.milestone);
        return;
      case 'destroy':
        this.#transport = this.transport;
        this.#connection?.destroy();
        this.#connection = null;
        this.#inbox?.told.forget();
        return;
    }
  }
}
