/**
 * What one peer says to us, from its handshake on: each message is given to whom it concerns, and turned into an input of
 * the reducer where it moves the peer's state. Made when the first byte comes: most addresses never send one.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { pieceIndex } from '../../shared/indices.ts';
import { MAX_ALLOWED_FAST_PIECES } from '../../shared/limits.ts';
import type { Place } from '../requests/requester.ts';
import { FrameDecoder, type FrameSink } from '../wire/decoder.ts';
import type { Handshake } from '../wire/handshake.ts';
import { MESSAGE } from '../wire/message.ts';
import { judgeHandshake } from './greeting.ts';
import type { PeerDriver } from './peer-driver.ts';
import { PeerExtensions } from './peer-extensions.ts';
import type { PeerHost } from './peer-host.ts';
import type { PeerInput } from './peer-state.ts';
import { ToldPieces } from './told-pieces.ts';

/** Messages that say all by their id. */
const BARE_MESSAGES: ReadonlyMap<number, PeerInput> = new Map([
  [MESSAGE.choke, { type: 'choke' }],
  [MESSAGE.unchoke, { type: 'unchoke' }],
  [MESSAGE.interested, { type: 'interested' }],
  [MESSAGE.notInterested, { type: 'not-interested' }],
]);

export class PeerInbox implements FrameSink {
  readonly told: ToldPieces;
  readonly #peer: PeerDriver;
  readonly #host: PeerHost;
  readonly #decoder: FrameDecoder;
  #extensions: PeerExtensions | null = null;
  #allowedFast: Set<PieceIndex> | null = null;
  #peerIdPrefix: string | null = null;
  #blockEnded = false;
  #hasDhtNode = false;

  constructor(peer: PeerDriver, host: PeerHost) {
    this.#peer = peer;
    this.#host = host;
    this.told = new ToldPieces(peer, host);
    this.#decoder = new FrameDecoder(host.pieceCount);
  }

  /** The first 8 characters of the peer id (BEP 20), as Latin-1. */
  get peerIdPrefix(): string | null {
    return this.#peerIdPrefix;
  }

  /** What the client calls itself (BEP 10 `v`). */
  get client(): string | null {
    return this.#extensions?.client ?? null;
  }

  get allowedFast(): ReadonlySet<PieceIndex> | null {
    return this.#allowedFast;
  }

  /** The first `length` bytes of `buffer` came from the peer. */
  push(buffer: Buffer, length: number): void {
    const fault = this.#decoder.push(buffer, length, this);
    if (fault !== null) this.#peer.close(fault);
    else if (this.#blockEnded) {
      this.#blockEnded = false;
      this.#host.requester.fill(this.#peer);
    }
  }

  /** The torrent has become known: what the peer told of its pieces can be believed or not. */
  torrentKnown(pieceCount: number): void {
    this.#decoder.setPieceCount(pieceCount);
    this.#heed(this.told.torrentKnown());
    this.#host.requester.fill(this.#peer);
  }

  /** The peer wants to hear of others (BEP 11). */
  get exchangesPeers(): boolean {
    return this.#extensions?.exchangesPeers ?? false;
  }

  tellPeers(message: Uint8Array): void {
    this.#extensions?.tellPeers(message);
  }

  /** It takes questions for metadata, and named no size of its own. */
  get lacksMetadata(): boolean {
    return this.#extensions?.lacksMetadata ?? false;
  }

  askMetadata(parts: readonly number[]): void {
    this.#extensions?.askMetadata(parts);
  }

  get blockRemaining(): number {
    return this.#decoder.blockRemaining;
  }

  moveBlock(place: Place): void {
    this.#decoder.moveBlock(place);
  }

  // --- FrameSink

  handshake(handshake: Handshake): boolean {
    this.#peerIdPrefix = Buffer.from(handshake.peerId.subarray(0, 8)).toString('latin1');
    this.#peer.apply({
      type: 'handshake',
      verdict: judgeHandshake(handshake, this.#host.identity),
      fast: handshake.fast,
      extended: handshake.extended,
    });
    return this.#peer.inSession;
  }

  keepAlive(): void {}

  message(id: number, payload: Buffer): boolean {
    const bare = BARE_MESSAGES.get(id);
    if (bare !== undefined) this.#peer.apply(bare);
    switch (id) {
      case MESSAGE.bitfield:
      case MESSAGE.haveAll:
      case MESSAGE.haveNone:
        this.#peer.apply({ type: 'pieces-told' });
        if (this.#peer.inSession) this.#heed(this.told.all(id, payload));
        break;
      case MESSAGE.have:
        this.#heed(this.told.one(payload.readUInt32BE(0)));
        break;
      case MESSAGE.allowedFast:
        this.#allowFast(payload.readUInt32BE(0));
        break;
      case MESSAGE.rejectRequest:
        this.#host.requester.rejected(this.#peer, payload.readUInt32BE(0), payload.readUInt32BE(4));
        this.#blockEnded = true;
        break;
      case MESSAGE.port:
        this.#tellDhtNode(payload.readUInt16BE(0));
        break;
      case MESSAGE.extended: {
        this.#extensions ??= new PeerExtensions(this.#peer, this.#host.clock);
        const fault = this.#extensions.message(payload);
        if (fault !== null) this.#peer.close(fault);
        break;
      }
      default:
        // Requests and cancels: we choke everybody. Suggestions: nothing we act on.
        break;
    }
    return this.#peer.inSession;
  }

  blockStart(piece: number, begin: number, length: number) {
    return this.#host.requester.blockStart(this.#peer, piece, begin, length);
  }

  blockEnd(): boolean {
    if (this.#host.requester.blockEnd(this.#peer)) {
      this.#blockEnded = true;
      this.#peer.gaveBlock();
    }
    return this.#peer.inSession;
  }

  #heed(told: CloseCode | 'more' | 'nothing-new'): void {
    if (told === 'nothing-new') return;
    if (told !== 'more') return this.#peer.close(told);
    this.#host.requester.widened(this.#peer);
    this.#peer.setUseful(this.#host.isUseful(this.#peer));
  }

  /** Once: a peer has one node. */
  #tellDhtNode(port: number): void {
    if (this.#hasDhtNode || port === 0 || !this.#host.offer.dht) return;
    this.#hasDhtNode = true;
    this.#host.tell({ type: 'dht-node', peer: this.#peer.index, port });
  }

  #allowFast(index: number): void {
    // The set is a hint; what comes of it before the torrent is known is passed over.
    if (this.#host.pieceCount === null) return;
    const piece = pieceIndex(index, this.#host.pieceCount);
    if (piece === null) return this.#peer.close('bad-piece-index');
    this.#allowedFast ??= new Set();
    if (this.#allowedFast.size >= MAX_ALLOWED_FAST_PIECES) return;
    this.#allowedFast.add(piece);
    this.#peer.apply({ type: 'allowed-fast' });
  }
}
