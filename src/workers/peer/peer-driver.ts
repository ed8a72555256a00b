/**
 * One peer at work: performs the effects that the reducer asks for, and turns what the socket and the decoder find
 * into the reducer's inputs. Holds what a peer has beside its state: connection, pieces, books.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import { pieceIndex } from '../../shared/indices.ts';
import { MAX_ALLOWED_FAST_PIECES, MAX_UNSENT_BYTES } from '../../shared/limits.ts';
import { RequestBook, type RequestedPeer } from '../requests/requester.ts';
import { FrameDecoder, type FrameSink } from '../wire/decoder.ts';
import { decodeExtendedHandshake, EXTENDED_HANDSHAKE } from '../wire/extended.ts';
import type { Handshake } from '../wire/handshake.ts';
import { MESSAGE } from '../wire/message.ts';
import { greetingBytes, judgeHandshake } from './greeting.ts';
import type { PeerHost } from './peer-host.ts';
import { QUEUED, reducePeer } from './peer-reducer.ts';
import type { PeerEffect, PeerInput, PeerState } from './peer-state.ts';
import { PieceSet } from './piece-set.ts';
import type { Address, Connection, ConnectionEvents } from './transport.ts';

/** Messages that say all by their id. */
const BARE_MESSAGES: ReadonlyMap<number, PeerInput> = new Map([
  [MESSAGE.choke, { type: 'choke' }],
  [MESSAGE.unchoke, { type: 'unchoke' }],
  [MESSAGE.interested, { type: 'interested' }],
  [MESSAGE.notInterested, { type: 'not-interested' }],
]);

export class PeerDriver implements RequestedPeer, FrameSink, ConnectionEvents {
  readonly index: PeerIndex;
  readonly address: Address;
  readonly pieces: PieceSet;
  readonly #host: PeerHost;
  // Most addresses never answer: what only a connected peer needs is made when it connects.
  #book: RequestBook | null = null;
  #decoder: FrameDecoder | null = null;
  #state: PeerState = QUEUED;
  #connection: Connection | null = null;
  #allowedFast: Set<PieceIndex> | null = null;
  #client: string | null = null;
  #peerIdPrefix: string | null = null;
  #lastReceivedAt = 0;
  #lastSentAt = 0;
  #blockEnded = false;

  constructor(index: PeerIndex, address: Address, host: PeerHost) {
    this.index = index;
    this.address = address;
    this.#host = host;
    this.pieces = new PieceSet(host.pieceCount);
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

  get client(): string | null {
    return this.#client;
  }

  get peerIdPrefix(): string | null {
    return this.#peerIdPrefix;
  }

  get mayRequest(): boolean {
    return this.#state.phase === 'unchoked';
  }

  get allowedFast(): ReadonlySet<PieceIndex> | null {
    return this.inSession ? this.#allowedFast : null;
  }

  get inSession(): boolean {
    return this.#state.phase === 'choked' || this.#state.phase === 'unchoked';
  }

  dial(): void {
    this.#apply({ type: 'dial' });
  }

  close(code: CloseCode, detail?: string): void {
    this.#apply(detail === undefined ? { type: 'close', code } : { type: 'close', code, detail });
  }

  tick(): void {
    this.#apply({
      type: 'tick',
      ...this.#host.deadlines,
      lastReceivedAt: this.#lastReceivedAt,
      lastSentAt: this.#lastSentAt,
      owingSince: this.#book !== null && this.#book.queue.size > 0 ? this.#book.owingSince : null,
    });
  }

  /** Tells the shard's newest opinion on whether this peer has anything that we want. */
  setUseful(useful: boolean): void {
    this.#apply({ type: 'usefulness', useful });
  }

  send(bytes: Uint8Array): void {
    if (this.#connection === null) return;
    this.#lastSentAt = this.#host.clock();
    this.#connection.write(bytes);
    if (this.#connection.unsentBytes > MAX_UNSENT_BYTES) this.close('unread-backlog');
  }

  divertBlock(): void {
    this.#decoder?.divert();
  }

  // --- ConnectionEvents

  onConnect(): void {
    this.#host.guard(() => {
      this.#lastReceivedAt = this.#host.clock();
      this.#apply({ type: 'connected' });
    });
  }

  onData(length: number): void {
    this.#host.guard(() => {
      this.#lastReceivedAt = this.#host.clock();
      this.#decoder ??= new FrameDecoder(this.#host.pieceCount);
      const fault = this.#decoder.push(this.#host.readBuffer, length, this);
      if (fault !== null) this.close(fault);
      else if (this.#blockEnded) {
        this.#blockEnded = false;
        this.#host.requester.fill(this);
      }
    });
  }

  onEnd(code: CloseCode, detail: string): void {
    this.#host.guard(() => this.close(code, detail));
  }

  onShortage(code: string): void {
    this.#host.guard(() => {
      this.#apply({ type: 'postpone' });
      this.#host.onShortage(this, code);
    });
  }

  // --- FrameSink

  handshake(handshake: Handshake): boolean {
    this.#peerIdPrefix = Buffer.from(handshake.peerId.subarray(0, 8)).toString('latin1');
    this.#apply({
      type: 'handshake',
      verdict: judgeHandshake(handshake, this.#host.identity),
      fast: handshake.fast,
      extended: handshake.extended,
    });
    return this.inSession;
  }

  keepAlive(): void {}

  message(id: number, payload: Buffer): boolean {
    const bare = BARE_MESSAGES.get(id);
    if (bare !== undefined) this.#apply(bare);
    switch (id) {
      case MESSAGE.bitfield:
      case MESSAGE.haveAll:
      case MESSAGE.haveNone:
        this.#piecesTold(id, payload);
        break;
      case MESSAGE.have:
        this.#have(payload);
        break;
      case MESSAGE.allowedFast:
        this.#allowFast(payload);
        break;
      case MESSAGE.rejectRequest:
        this.#host.requester.rejected(this, payload.readUInt32BE(0), payload.readUInt32BE(4));
        this.#blockEnded = true;
        break;
      case MESSAGE.extended:
        this.#extended(payload);
        break;
      default:
        // Requests and cancels: we choke everybody. Port and suggestions: nothing we act on.
        break;
    }
    return this.inSession;
  }

  blockStart(piece: number, begin: number, length: number) {
    return this.#host.requester.blockStart(this, piece, begin, length);
  }

  blockEnd(): boolean {
    if (this.#host.requester.blockEnd(this)) {
      this.#blockEnded = true;
      if (this.#state.timeline.firstBlock === null) {
        this.#apply({ type: 'block' });
        this.#host.onFirstBlock(this);
      }
    }
    return this.inSession;
  }

  // --- Messages with a body

  #piecesTold(id: number, payload: Buffer): void {
    this.#apply({ type: 'pieces-told' });
    if (!this.inSession) return;
    this.#host.countPieces(this, -1);
    if (id === MESSAGE.haveAll) this.pieces.addAll();
    else if (id === MESSAGE.bitfield && !this.pieces.addBitfield(payload)) {
      this.#host.countPieces(this, 1);
      this.close('bad-bitfield');
      return;
    }
    this.#host.countPieces(this, 1);
    this.#morePieces();
  }

  #have(payload: Buffer): void {
    const piece = pieceIndex(payload.readUInt32BE(0), this.#host.pieceCount);
    if (piece === null) return this.close('bad-piece-index');
    if (this.pieces.has(piece)) return;
    this.pieces.add(piece);
    this.#host.countPiece(this, piece);
    this.#morePieces();
  }

  #morePieces(): void {
    this.#host.requester.widened(this);
    this.setUseful(this.#host.isUseful(this));
  }

  #allowFast(payload: Buffer): void {
    const piece = pieceIndex(payload.readUInt32BE(0), this.#host.pieceCount);
    if (piece === null) return this.close('bad-piece-index');
    this.#allowedFast ??= new Set();
    if (this.#allowedFast.size >= MAX_ALLOWED_FAST_PIECES) return;
    this.#allowedFast.add(piece);
    this.#apply({ type: 'allowed-fast' });
  }

  #extended(payload: Buffer): void {
    if (payload[0] !== EXTENDED_HANDSHAKE) return;
    const told = decodeExtendedHandshake(payload.subarray(1));
    if (told === null) return this.close('bad-extended');
    if (told.client !== null) this.#client = told.client;
    if (told.requestQueue !== null) this.book.window.setPeerQueue(told.requestQueue);
  }

  // --- The reducer's door

  /** Every transition of this peer goes through here. */
  #apply(input: PeerInput): void {
    const before = this.#state;
    const { state, effects } = reducePeer(before, input, this.#host.clock());
    if (state !== before) {
      this.#state = state;
      if (state.phase !== before.phase) this.#host.onPhase(this, before, state);
    }
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: PeerEffect): void {
    switch (effect.type) {
      case 'connect':
        this.#connection = this.#host.transport.connect(this.address, this);
        return;
      case 'send':
        this.send(greetingBytes(effect.messages, this.#host.identity, this.address));
        return;
      case 'request':
        this.#host.requester.widened(this);
        this.#host.requester.fill(this);
        return;
      case 'return-requests':
        if (this.#book !== null) this.#host.requester.giveBack(this);
        return;
      case 'snub':
        this.#host.requester.snub(this);
        return;
      case 'report':
        this.#host.onMilestone(this, effect.milestone);
        return;
      case 'destroy':
        this.#connection?.destroy();
        this.#connection = null;
        return;
    }
  }
}
