/**
 * One connection to one peer of the swarm, following its plan. It reads and writes the wire itself (BEP 3), so that it can
 * disagree with the client under test.
 */
import type { Socket } from 'node:net';
import type { PeerPlan } from './mix.ts';
import type { Payload } from './payload.ts';
import { extendedHandshake, SwarmMetadata } from './swarm-metadata.ts';
import type { SwarmTorrent } from './torrent-file.ts';

const HANDSHAKE_BYTES = 68;
const MAX_REQUEST_BYTES = 131_072;
const MAX_FRAME_BYTES = 1_048_576;
/** Requests that may wait on one connection; with more it is closed. */
const MAX_WAITING = 5_000;
/** `choke-after`: blocks served before it chokes, and for how long. */
const CHOKE_AFTER_BLOCKS = 64;
const CHOKE_MS = 3_000;
/** With a rate, bytes are sent at this interval. */
const RATE_TICK_MS = 20;

/** BEP 10: the reserved bit. */
const EXTENSION_BYTE = 25;
const EXTENSION_BIT = 0x10;

const CHOKE = Buffer.from([0, 0, 0, 1, 0]);
const UNCHOKE = Buffer.from([0, 0, 0, 1, 1]);

/** Shared by all connections of the swarm. */
export interface PeerSetting {
  readonly payload: Payload;
  readonly torrent: SwarmTorrent;
  /** Bytes per second and connection; 0 is unlimited. */
  readonly rate: number;
  /** Milliseconds from a message of the client to the answer: the delay of the line. */
  readonly rttMs: number;
  readonly peerId: Buffer;
  /** An unchoke was sent, `ms` after the connection was accepted; it was planned for `plannedMs`. */
  readonly onUnchoke: (ms: number, plannedMs: number) => void;
  readonly onRequest: () => void;
}

interface Request {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

export class SwarmPeer {
  readonly #socket: Socket;
  readonly #plan: PeerPlan;
  readonly #setting: PeerSetting;
  readonly #metadata: SwarmMetadata;
  readonly #acceptedAt = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  #received: Buffer = Buffer.alloc(0);
  #shaken = false;
  #extended = false;
  #interested = false;
  #unchokeDue = false;
  #unchoked = false;
  #everUnchoked = false;
  #waiting: Request[] = [];
  #served = 0;
  #credit = 0;
  #creditAt = 0;
  #serving = false;

  constructor(socket: Socket, plan: PeerPlan, setting: PeerSetting) {
    this.#socket = socket;
    this.#plan = plan;
    this.#setting = setting;
    this.#metadata = new SwarmMetadata(setting.torrent.info);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#clear());
    if (plan.personality === 'silent') socket.resume();
    else if (setting.rttMs === 0) socket.on('data', (bytes: Buffer) => this.#read(bytes));
    else socket.on('data', (bytes: Buffer) => this.#after(setting.rttMs, () => this.#read(bytes)));
    socket.on('drain', () => this.#serve());
  }

  #read(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (!this.#shaken) {
      if (this.#received.length < HANDSHAKE_BYTES) return;
      if (!this.#received.subarray(28, 48).equals(this.#setting.torrent.infoHash))
        return void this.#socket.destroy();
      this.#extended = ((this.#received[EXTENSION_BYTE] ?? 0) & EXTENSION_BIT) !== 0;
      this.#received = this.#received.subarray(HANDSHAKE_BYTES);
      this.#shaken = true;
      this.#after(this.#plan.handshakeMs, () => this.#shakeHands());
    }
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE(0);
      if (length > MAX_FRAME_BYTES) return void this.#socket.destroy();
      if (this.#received.length < 4 + length) break;
      if (length > 0) this.#message(this.#received.subarray(4, 4 + length));
      this.#received = this.#received.subarray(4 + length);
    }
  }

  #shakeHands(): void {
    const handshake = Buffer.alloc(HANDSHAKE_BYTES);
    handshake[0] = 19;
    handshake.write('BitTorrent protocol', 1, 'latin1');
    if (this.#extended) handshake[EXTENSION_BYTE] = EXTENSION_BIT;
    this.#setting.torrent.infoHash.copy(handshake, 28);
    this.#setting.peerId.copy(handshake, 48);
    if (this.#plan.personality === 'hang-up') return void this.#socket.end(handshake);
    const { payload, torrent } = this.#setting;
    const greeting = [handshake, bitfieldOfSeed(payload.pieceCount)];
    this.#socket.write(
      Buffer.concat(this.#extended ? [...greeting, extendedHandshake(torrent.info)] : greeting),
    );
    if (this.#plan.unchokeMs === Number.POSITIVE_INFINITY) return;
    this.#after(this.#plan.unchokeMs, () => {
      this.#unchokeDue = true;
      this.#maybeUnchoke();
    });
  }

  #message(message: Buffer): void {
    switch (message[0]) {
      case 2:
        this.#interested = true;
        this.#maybeUnchoke();
        return;
      case 3:
        this.#interested = false;
        return;
      case 6: {
        if (!this.#unchoked || message.length !== 13) return;
        const request = {
          piece: message.readUInt32BE(1),
          begin: message.readUInt32BE(5),
          length: message.readUInt32BE(9),
        };
        const { pieceCount } = this.#setting.payload;
        if (request.piece >= pieceCount || request.length > MAX_REQUEST_BYTES || request.length === 0)
          return void this.#socket.destroy();
        if (request.begin + request.length > this.#setting.payload.lengthOfPiece(request.piece))
          return void this.#socket.destroy();
        if (this.#waiting.push(request) > MAX_WAITING) return void this.#socket.destroy();
        this.#setting.onRequest();
        this.#serve();
        return;
      }
      case 8: {
        const [piece, begin] = [message.readUInt32BE(1), message.readUInt32BE(5)];
        this.#waiting = this.#waiting.filter((request) => request.piece !== piece || request.begin !== begin);
        return;
      }
      case 20: {
        const answer = this.#metadata.answerTo(message);
        if (answer !== null) this.#socket.write(answer);
        return;
      }
      default:
        return;
    }
  }

  /** Real clients unchoke interested peers; libtorrent's idle seeds do not wait for that. */
  #maybeUnchoke(): void {
    if (!this.#unchokeDue || this.#unchoked) return;
    if (!this.#interested && this.#plan.personality !== 'instant') return;
    this.#unchoked = true;
    if (!this.#everUnchoked) {
      this.#everUnchoked = true;
      this.#setting.onUnchoke(
        performance.now() - this.#acceptedAt,
        this.#plan.handshakeMs + this.#plan.unchokeMs,
      );
    }
    this.#socket.write(UNCHOKE);
  }

  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    while (this.#waiting.length > 0 && this.#socket.writableLength < MAX_FRAME_BYTES) {
      const request = this.#waiting[0] as Request;
      if (!this.#afford(request.length)) {
        this.#after(RATE_TICK_MS, () => this.#serve());
        break;
      }
      this.#waiting.shift();
      this.#send(request);
      if (this.#plan.personality === 'choke-after' && ++this.#served % CHOKE_AFTER_BLOCKS === 0)
        this.#choke();
    }
    this.#serving = false;
  }

  #send(request: Request): void {
    const frame = Buffer.allocUnsafe(13 + request.length);
    frame.writeUInt32BE(9 + request.length, 0);
    frame[4] = 7;
    frame.writeUInt32BE(request.piece, 5);
    frame.writeUInt32BE(request.begin, 9);
    this.#setting.payload.copy(request.piece, request.begin, request.length, frame, 13);
    this.#socket.write(frame);
  }

  #choke(): void {
    this.#unchoked = false;
    this.#waiting = [];
    this.#socket.write(CHOKE);
    this.#after(CHOKE_MS, () => this.#maybeUnchoke());
  }

  /** Pays for a block from what the rate has earned; at most a quarter of a second's worth is saved. */
  #afford(bytes: number): boolean {
    const { rate } = this.#setting;
    if (rate === 0) return true;
    const now = performance.now();
    if (this.#creditAt === 0) this.#creditAt = now;
    const most = Math.max(bytes, rate / 4);
    this.#credit = Math.min(most, this.#credit + ((now - this.#creditAt) * rate) / 1_000);
    this.#creditAt = now;
    if (this.#credit < bytes) return false;
    this.#credit -= bytes;
    return true;
  }

  #after(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#socket.destroyed) work();
    }, ms);
    this.#timers.add(timer);
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting = [];
  }
}

function bitfieldOfSeed(pieceCount: number): Buffer {
  const bytes = Math.ceil(pieceCount / 8);
  const message = Buffer.alloc(5 + bytes, 0xff);
  message.writeUInt32BE(1 + bytes, 0);
  message[4] = 5;
  const spare = bytes * 8 - pieceCount;
  message[message.length - 1] = (0xff << spare) & 0xff;
  return message;
}
