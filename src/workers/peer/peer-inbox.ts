/**
 * Everything that one peer sends, from its handshake on: each message goes to the part that handles it, and becomes an input
 * of the reducer if it changes the peer's state. Created with the first byte, because most addresses never send one.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import {
  BLOCK_EARNS_COST,
  BYTES_PER_COST,
  EXTENDED_MESSAGE_COST,
  HAVES_AGAIN_PER_COST,
  MESSAGE_BURST_COST,
  MESSAGE_COST_PER_S,
  UNCHOKE_BURST,
  UNCHOKE_INTERVAL_MS,
} from '../../shared/limits.ts';
import type { Place } from '../requests/requester.ts';
import { FrameDecoder, type FrameSink } from '../wire/decoder.ts';
import type { Handshake } from '../wire/handshake.ts';
import { MESSAGE } from '../wire/message.ts';
import { Allowance } from './allowance.ts';
import { FastPieces, type Named } from './fast-pieces.ts';
import { judgeHandshake } from './greeting.ts';
import type { PeerDriver } from './peer-driver.ts';
import type { PeerExtensions } from './peer-extensions.ts';
import type { PeerHost } from './peer-host.ts';
import type { PeerInput } from './peer-state.ts';
import { type PeerCommand, SideTalk } from './side-talk.ts';
import { type Told, ToldPieces } from './told-pieces.ts';

/** Messages without a payload. */
const BARE_MESSAGES: ReadonlyMap<number, PeerInput> = new Map([
  [MESSAGE.choke, { type: 'choke' }],
  [MESSAGE.interested, { type: 'interested' }],
  [MESSAGE.notInterested, { type: 'not-interested' }],
]);

/** Piece, begin and length, as in requests and cancels. */
function blockOf(payload: Buffer): [number, number, number] {
  return [payload.readUInt32BE(0), payload.readUInt32BE(4), payload.readUInt32BE(8)];
}

export class PeerInbox implements FrameSink {
  readonly told: ToldPieces;
  readonly #peer: PeerDriver;
  readonly #host: PeerHost;
  readonly #decoder: FrameDecoder;
  readonly #aside: SideTalk;
  readonly #fastPieces: FastPieces;
  #peerId: string | null = null;
  readonly #messages: Allowance;
  readonly #unchokes: Allowance;
  /** What one read says. It takes effect once, at the end of the read, however often it was said. */
  #blockEnded = false;
  #toldMore = false;
  #allowedMore = false;
  #unchokeDue = false;
  #hasDhtNode = false;

  constructor(peer: PeerDriver, host: PeerHost) {
    this.#peer = peer;
    this.#host = host;
    const now = host.clock();
    this.#messages = new Allowance(MESSAGE_BURST_COST, MESSAGE_COST_PER_S, now);
    this.#unchokes = new Allowance(UNCHOKE_BURST, 1_000 / UNCHOKE_INTERVAL_MS, now);
    this.told = new ToldPieces(host);
    this.#aside = new SideTalk(peer, host, {
      gaveMetadata: (bytes) => this.#gaveMetadata(bytes),
      lost: (piece) => this.#lost(piece),
    });
    this.#fastPieces = new FastPieces(peer, host.torrent);
    this.#decoder = new FrameDecoder(host.torrent.pieceCount);
  }

  /** The first 8 characters of the peer id (BEP 20), as Latin-1. */
  get peerIdPrefix(): string | null {
    return this.#peerId?.slice(0, 8) ?? null;
  }

  /** The whole of it. */
  get peerId(): string | null {
    return this.#peerId;
  }

  /** Null until its first extended message. */
  get extensions(): PeerExtensions | null {
    return this.#aside.extensions;
  }

  get allowedFast(): ReadonlySet<PieceIndex> | null {
    return this.#fastPieces.allowed;
  }

  /** The first `length` bytes of `buffer` came from the peer. */
  push(buffer: Buffer, length: number): void {
    this.#messages.refill(this.#host.clock());
    const fault = this.#decoder.push(buffer, length, this);
    if (fault !== null) this.#peer.close(fault);
    else this.#settle();
  }

  /** Handles what was postponed and is now due. */
  tick(): void {
    this.#aside.tick();
    if (this.#unchokeDue) this.#settle();
  }

  #settle(): void {
    if (this.#toldMore) {
      this.#toldMore = false;
      this.#host.torrent.requester.widened(this.#peer);
      this.#peer.reviewUse();
    }
    if (this.#unchokeDue && this.#mayUnchoke()) {
      this.#unchokeDue = false;
      this.#peer.apply({ type: 'unchoke' });
    }
    if (this.#allowedMore) {
      this.#allowedMore = false;
      this.#peer.apply({ type: 'allowed-fast' });
    }
    if (this.#blockEnded) {
      this.#blockEnded = false;
      this.#host.torrent.requester.fill(this.#peer);
    }
  }

  /** Each unchoke costs us work, so a peer that takes it back without sending data has a limit. */
  #mayUnchoke(): boolean {
    this.#unchokes.refill(this.#host.clock());
    return this.#unchokes.spend(1);
  }

  /** The torrent is known now: what the peer said about its pieces is valid or not. */
  torrentKnown(pieceCount: number): void {
    this.#decoder.setPieceCount(pieceCount);
    this.#heed(this.told.torrentKnown());
    this.#blockEnded = true;
    this.#settle();
  }

  command(command: PeerCommand): void {
    this.#aside.command(command);
  }

  get blockRemaining(): number {
    return this.#decoder.blockRemaining;
  }

  moveBlock(place: Place): void {
    this.#decoder.moveBlock(place);
  }

  // --- FrameSink

  handshake(handshake: Handshake): boolean {
    this.#peerId = Buffer.from(handshake.peerId).toString('latin1');
    const { state, version } = this.#peer;
    const { identity } = this.#host.greetings;
    version.heard(handshake, identity, state.phase === 'handshaking' && state.incoming);
    this.#peer.apply({
      type: 'handshake',
      verdict: judgeHandshake(handshake, identity),
      fast: handshake.fast,
      extended: handshake.extended,
    });
    if (this.#peer.inSession) this.#aside.greeted();
    return this.#peer.inSession;
  }

  keepAlive(): boolean {
    return this.#afford(1);
  }

  passedOver(): boolean {
    return this.#afford(1);
  }

  message(id: number, payload: Buffer): boolean {
    const bare = BARE_MESSAGES.get(id);
    if (bare !== undefined) this.#peer.apply(bare);
    switch (id) {
      case MESSAGE.choke:
        this.#unchokeDue = false;
        return this.#afford(1);
      case MESSAGE.unchoke:
        this.#unchokeDue = this.#peer.state.phase === 'choked';
        return this.#afford(1);
      case MESSAGE.bitfield:
      case MESSAGE.haveAll:
      case MESSAGE.haveNone: {
        const isFirst = this.#peer.state.timeline.piecesTold === null;
        this.#peer.apply({ type: 'pieces-told' });
        this.#heed(this.told.all(id, payload));
        if (isFirst && this.#peer.inSession) this.#host.torrent.uploads.greeted(this.#peer);
        return this.#afford(isFirst ? 0 : 1 + payload.length / BYTES_PER_COST);
      }
      case MESSAGE.have: {
        // At most one per piece is news. Some clients repeat pieces of their bitfield.
        const told = this.told.one(payload.readUInt32BE(0));
        this.#heed(told);
        if (told === 'more') this.#host.torrent.peerHas(this.#peer, payload.readUInt32BE(0));
        return this.#afford(told === 'more' ? 0 : 1 / HAVES_AGAIN_PER_COST);
      }
      case MESSAGE.allowedFast:
        this.#name(this.#fastPieces.allow(payload.readUInt32BE(0)));
        return this.#afford(1);
      case MESSAGE.suggestPiece:
        this.#name(this.#fastPieces.suggest(payload.readUInt32BE(0)));
        return this.#afford(1);
      case MESSAGE.rejectRequest:
        this.#host.torrent.requester.rejected(this.#peer, payload.readUInt32BE(0), payload.readUInt32BE(4));
        this.#blockEnded = true;
        return this.#afford(1);
      case MESSAGE.port:
        this.#tellDhtNode(payload.readUInt16BE(0));
        return this.#afford(1);
      case MESSAGE.extended: {
        const fault = this.#aside.extended(payload);
        if (fault !== null) this.#peer.close(fault);
        return this.#afford(EXTENDED_MESSAGE_COST + payload.length / BYTES_PER_COST);
      }
      case MESSAGE.interested:
      case MESSAGE.notInterested:
        this.#host.torrent.uploads.interestChanged(this.#peer);
        return this.#afford(1);
      case MESSAGE.request: {
        const [piece, begin, length] = blockOf(payload);
        const isServed = this.#host.torrent.uploads.request(this.#peer, piece, begin, length);
        // The blocks that wait for it have a limit of their own.
        return this.#afford(isServed ? 0 : 1);
      }
      case MESSAGE.hashRequest:
      case MESSAGE.hashes:
      case MESSAGE.hashReject:
        return this.#afford(this.#aside.hashMessage(id, payload) ? 1 : 1 + payload.length / BYTES_PER_COST);
      case MESSAGE.cancel:
        this.#host.torrent.uploads.cancel(this.#peer, ...blockOf(payload));
        return this.#afford(1);
      default:
        return this.#afford(1);
    }
  }

  blockStart(piece: number, begin: number, length: number) {
    return this.#host.torrent.requester.blockStart(this.#peer, piece, begin, length);
  }

  blockEnd(): boolean {
    if (this.#host.torrent.requester.blockEnd(this.#peer)) {
      this.#blockEnded = true;
      this.#messages.earn(BLOCK_EARNS_COST);
      this.#unchokes.earn(1);
      this.#peer.gaveBlock();
    }
    return this.#peer.inSession;
  }

  /** A metadata part that we requested. */
  #gaveMetadata(bytes: number): void {
    this.#messages.earn(EXTENDED_MESSAGE_COST + bytes / BYTES_PER_COST);
  }

  /** False if the peer is closed; it is closed when it costs more than it gives. */
  #afford(cost: number): boolean {
    if (!this.#messages.spend(cost)) this.#peer.close('flood');
    return this.#peer.inSession;
  }

  #heed(told: Told): void {
    if (told === 'more') this.#toldMore = true;
    else if (told !== 'nothing-new') this.#peer.close(told);
  }

  #name(named: Named): void {
    if (named === 'more') this.#allowedMore = true;
    else if (named !== 'nothing-new') this.#peer.close(named);
  }

  /** Only once: a peer has one node. */
  #tellDhtNode(port: number): void {
    if (this.#hasDhtNode || port === 0 || !this.#host.torrent.offer.dht) return;
    this.#hasDhtNode = true;
    this.#host.tell({ type: 'dht-node', peer: this.#peer.index, port });
  }

  /** Its requests fail: it will not send the piece (BEP 54). */
  #lost(piece: number): CloseCode | null {
    const wasComplete = this.told.set.complete;
    const told = this.told.lost(piece);
    if (told !== 'fewer') return told === 'nothing-new' ? null : told;
    // A file has many pieces, and this is news, like a HAVE.
    this.#messages.earn(EXTENDED_MESSAGE_COST - 1);
    // All pieces of a seed are counted then.
    if (wasComplete) this.#afford(this.told.set.pieceCount / (8 * BYTES_PER_COST));
    this.#host.torrent.requester.lost(this.#peer, piece);
    this.#peer.reviewUse();
    return null;
  }
}
