/** A whole shard in virtual time, over a network of fake peers. */
import { createHash } from 'node:crypto';
import { Arena, type ArenaMemory } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../src/shared/ledger.ts';
import { CHOKED_RACE_MS, TICK_MS } from '../../src/shared/limits.ts';
import type {
  Encryption,
  Evidence,
  FullPiece,
  PeerOutcome,
  PickOrder,
  ShardEvent,
  ShardShare,
  ShardTorrent,
  Strategy,
} from '../../src/shared/messages.ts';
import type { ListenRequest } from '../../src/workers/peer/transport.ts';
import { Shard } from '../../src/workers/shard.ts';
import { FakePeer, type FakePeerScript } from './fake-peer.ts';
import { VirtualTime } from './virtual-time.ts';

export const INFO_HASH = Buffer.alloc(20, 0xab);
export const OUR_PEER_ID = Buffer.from('-UC0100-abcdefghijkl');
/** Stands for an info dictionary: a bit more than two parts. */
export const INFO = Buffer.alloc(40_000, 0x69);
const READ_BUFFER_BYTES = 65_536;
/** Real clocks do not begin at zero either: a time that was never set must not look like one long ago. */
const EPOCH_MS = 10_000_000;

export interface VirtualShardOptions {
  readonly pieces?: number;
  readonly pieceLength?: number;
  /** Shorter than pieces x pieceLength for a short last piece. */
  readonly totalLength?: number;
  readonly strategy?: Strategy;
  readonly share?: Partial<ShardShare>;
  /** With ledger and arena of this many slots; without: race only. */
  readonly slots?: number;
  readonly chokedTimeoutMs?: number;
  readonly order?: PickOrder;
  readonly hasNeighbours?: boolean;
  readonly encryption?: Encryption;
  readonly pex?: boolean;
  readonly private?: boolean;
  /** The torrent is not known until `setTorrent`. */
  readonly magnet?: boolean;
  /** Pieces, from the first on, that were there before. */
  readonly verified?: number;
  /** Downloads the same as this one: another shard over the same ledger, arena and time. */
  readonly beside?: VirtualShard;
}

export class VirtualShard {
  readonly time: VirtualTime;
  readonly shard: Shard;
  readonly events: ShardEvent[] = [];
  readonly ledger: Ledger | null;
  readonly arena: Arena | null;
  readonly errors: unknown[] = [];
  readonly #memory: { readonly ledger: LedgerMemory; readonly arena: ArenaMemory };
  readonly #torrent: ShardTorrent;
  readonly #peers: FakePeer[] = [];
  readonly #readBuffer = Buffer.alloc(READ_BUFFER_BYTES);
  #knock: ListenRequest['onAccept'] = () => {};

  constructor(options: VirtualShardOptions = {}) {
    this.time = options.beside?.time ?? new VirtualTime();
    const pieceLength = options.pieceLength ?? 32_768;
    const g = geometry(options.totalLength ?? (options.pieces ?? 8) * pieceLength, pieceLength);
    this.#memory =
      options.beside === undefined
        ? {
            ledger: Ledger.allocate(g.pieceCount),
            arena: Arena.allocate(g, (options.slots ?? 1) * g.blocksPerPiece * 16_384),
          }
        : options.beside.#memory;
    const { ledger, arena } = this.#memory;
    const downloads = options.slots !== undefined;
    this.ledger = downloads ? new Ledger(ledger) : null;
    this.arena = downloads ? new Arena(arena) : null;
    for (let piece = 0; piece < (options.verified ?? 0); piece++) this.ledger?.verify(piece as PieceIndex);
    const unlimited = Number.POSITIVE_INFINITY;
    const readBuffer = this.#readBuffer;
    this.shard = new Shard(
      {
        shard: shardId(options.beside === undefined ? 1 : 2),
        port: null,
        infoHash: INFO_HASH,
        peerId: OUR_PEER_ID,
        clientName: 'unchoke test',
        strategy: options.strategy ?? 'first-unchoke',
        share: {
          halfOpen: unlimited,
          dialRatePerS: unlimited,
          openPeers: unlimited,
          workingPeers: unlimited,
          ...options.share,
        },
        chokedTimeoutMs: options.chokedTimeoutMs ?? CHOKED_RACE_MS,
        encryption: options.encryption ?? 'off',
        proxy: null,
        localAddress: null,
        utp: false,
        reconnect: downloads,
        pex: options.pex ?? false,
      },
      {
        clock: () => EPOCH_MS + this.time.now(),
        random: () => 0.5,
        soon: this.time.soon,
        later: this.time.after,
        post: (event) => this.events.push(event),
        load: () => ({ activeMs: 0, lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0 }),
        fail: (error) => this.errors.push(error),
        transport: {
          readBuffer,
          listen: (request, told) => {
            this.#knock = request.onAccept;
            told({ port: request.port, error: null });
            return { close: () => {} };
          },
          close: () => {},
          connect: (address, events) => {
            const peer = this.#peers[address.port - 1];
            if (peer === undefined) throw new Error(`no fake peer at port ${address.port}`);
            return peer.dial(events, (bytes) => {
              for (let at = 0; at < bytes.length; at += READ_BUFFER_BYTES) {
                const part = bytes.subarray(at, at + READ_BUFFER_BYTES);
                readBuffer.set(part);
                if (!peer.destroyed) events.onData(part.length);
              }
            });
          },
        },
      },
    );
    const order = options.order ?? 'rarest';
    const { slots: maxSlots = 1, hasNeighbours = false } = options;
    this.#torrent = {
      geometry: g,
      info: new SharedArrayBuffer(INFO.length),
      private: options.private ?? false,
      download: downloads ? { ledger, arena, maxSlots, order, hasNeighbours } : null,
    };
    new Uint8Array(this.#torrent.info).set(INFO);
    if (options.magnet !== true) this.setTorrent();
    this.time.every(TICK_MS, () => this.shard.guard(() => this.shard.tick()));
  }

  /** Where the shard began as with a magnet link: the metadata is found. */
  setTorrent(): void {
    this.shard.command({ type: 'torrent', torrent: this.#torrent });
  }

  /** Adds peers and puts their addresses into play. */
  add(...scripts: FakePeerScript[]): FakePeer[] {
    const first = this.#peers.length;
    const peers = scripts.map((script) => new FakePeer(this.time, script));
    this.#peers.push(...peers);
    const addresses = peers.map((_, i) => ({
      peer: peerIndex(first + i),
      host: '127.0.0.1',
      port: first + i + 1,
    }));
    this.shard.command({ type: 'addresses', addresses });
    return peers;
  }

  listen(): void {
    this.shard.command({ type: 'listen', port: 1, host: null, firstPeer: peerIndex(1_000) });
  }

  /** Somebody connects to us, where the shard listens. */
  knock(script: FakePeerScript, host = '127.0.0.9'): FakePeer {
    const peer = new FakePeer(this.time, script);
    this.#knock({ host, port: 5 }, (events) =>
      peer.dial(events, (bytes) => {
        this.#readBuffer.set(bytes);
        if (!peer.destroyed) events.onData(bytes.length);
      }),
    );
    return peer;
  }

  run(ms: number): void {
    this.time.run(ms);
    if (this.errors.length > 0) throw this.errors[0];
  }

  get outcomes(): PeerOutcome[] {
    return this.events.flatMap((event) => (event.type === 'closed' ? event.outcomes : []));
  }

  get full(): FullPiece[] {
    return this.events.flatMap((event) => (event.type === 'full' ? event.pieces : []));
  }

  /** `[second, stage, code]` of every closed peer, in the order of their closing. */
  get closings(): [number, string, string][] {
    return this.outcomes
      .map(({ timeline, reason }): [number, string, string] => [
        ((timeline.closed ?? Number.NaN) - EPOCH_MS) / 1_000,
        reason.stage,
        reason.code,
      ])
      .sort((a, b) => a[0] - b[0]);
  }

  /** Milliseconds of every unchoke told. */
  get unchokes(): number[] {
    return this.events.flatMap((event) => (event.type === 'unchoked' ? [event.at - EPOCH_MS] : []));
  }

  /** Plays main: judges all full pieces and frees their slots. */
  judge(good: (piece: PieceIndex) => boolean, seen: Set<FullPiece>): void {
    const verified: PieceIndex[] = [];
    const evidence: Evidence[] = [];
    for (const full of this.full) {
      if (seen.has(full)) continue;
      seen.add(full);
      const isGood = good(full.piece);
      const bytes = this.arena?.pieceBytes(full.slot) ?? new Uint8Array(0);
      evidence.push({ piece: full.piece, good: isGood, blockHashes: blockHashes(bytes) });
      if (isGood) {
        verified.push(full.piece);
        this.ledger?.verify(full.piece);
      } else this.ledger?.reset(full.piece);
      this.arena?.discard(full.slot);
    }
    if (evidence.length > 0) this.shard.command({ type: 'verdicts', verified, evidence });
  }
}

/** As a hasher makes them: SHA-1 of each block of a piece. */
function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16_384)
    hashes.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + 16_384))
        .digest(),
    );
  return Buffer.concat(hashes);
}
