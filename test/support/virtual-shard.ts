/** A whole shard in virtual time, over a network of fake peers. */

import { randomBytes } from 'node:crypto';
import { Verdicts } from '../../src/main/download/verdicts.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import {
  type PieceIndex,
  peerIndex,
  type ShardId,
  shardId,
  type TorrentId,
} from '../../src/shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../src/shared/ledger.ts';
import { TICK_MS } from '../../src/shared/limits.ts';
import { LivedClock } from '../../src/shared/lived-clock.ts';
import type {
  FullPiece,
  PeerOutcome,
  ShardEvent,
  ShardTorrent,
  TorrentCommand,
  TorrentEvent,
} from '../../src/shared/messages.ts';
import { type Sender, senderOf } from '../../src/shared/sender.ts';
import type { ArenaMemory } from '../../src/shared/slot-blocks.ts';
import type { Evidence } from '../../src/shared/storage-messages.ts';
import { Shard } from '../../src/workers/shard/shard.ts';
import type { TorrentPeers } from '../../src/workers/shard/torrent-peers.ts';
import type { ListenRequest } from '../../src/workers/transport/transport.ts';
import { AwaitedFiles } from './awaited-files.ts';
import { blockHashes } from './block-hashes.ts';
import { FakePeer, type FakePeerScript } from './fake-peer.ts';
import { Mortal } from './mortal.ts';
import { entryOf, INFO_HASH, taskOf, type VirtualShardOptions } from './virtual-shard-setup.ts';
import { VirtualTime } from './virtual-time.ts';

const TORRENT = 1 as TorrentId;
/** An info dictionary for tests: a bit more than two parts. */
export const INFO = Buffer.alloc(40_000, 0x69);
const READ_BUFFER_BYTES = 65_536;
/** Real clocks do not start at zero either: a time that was never set must not look like a time long ago. */
const EPOCH_MS = 10_000_000;

export class VirtualShard {
  /** The real one. */
  readonly disk = new AwaitedFiles();
  readonly time: VirtualTime;
  readonly shard: Shard;
  /** Everything that was posted. */
  readonly posted: ShardEvent[] = [];
  /** The same for its only torrent. */
  readonly events: (TorrentEvent | ThreadEvent)[] = [];
  readonly ledger: Ledger | null;
  readonly arena: Arena | null;
  readonly errors: unknown[] = [];
  /** Main's part, for all shards of a ledger. */
  readonly verdicts: Verdicts | null;
  /** Convicted senders of bad blocks, in order. */
  readonly convicted: Sender[];
  onConvicted = (sender: Sender, _piece: PieceIndex): unknown => this.convicted.push(sender);
  readonly memory: { readonly ledger: LedgerMemory; readonly arena: ArenaMemory };
  readonly #torrent: ShardTorrent;
  readonly #peers: FakePeer[] = [];
  readonly #firstIndex: number;
  /** Shards of this ledger so far. */
  readonly #family: { count: number };
  readonly #life = new Mortal();
  readonly owner: ShardId;
  readonly #readBuffer = Buffer.alloc(READ_BUFFER_BYTES);
  #knock: ListenRequest['onAccept'] = () => {};

  constructor(options: VirtualShardOptions = {}) {
    this.time = options.beside?.time ?? new VirtualTime();
    this.#family = options.beside === undefined ? { count: 0 } : options.beside.#family;
    // Indices belong to one list for all shards, as in main.
    this.#firstIndex = 500 * this.#family.count;
    this.owner = shardId(++this.#family.count);
    const pieceLength = options.pieceLength ?? 32_768;
    const g = geometry(options.totalLength ?? (options.pieces ?? 8) * pieceLength, pieceLength);
    this.memory =
      options.beside === undefined
        ? {
            ledger: Ledger.allocate(g.pieceCount),
            arena: Arena.allocate(g, (options.slots ?? 1) * g.blocksPerPiece * 16_384),
          }
        : options.beside.memory;
    const { ledger, arena } = this.memory;
    const downloads = options.slots !== undefined;
    this.ledger = downloads ? new Ledger(ledger) : null;
    this.arena = downloads ? new Arena(arena) : null;
    this.convicted = options.beside?.convicted ?? [];
    this.verdicts = options.beside?.verdicts ?? this.#judges();
    for (let piece = 0; piece < (options.verified ?? 0); piece++) this.ledger?.verify(piece as PieceIndex);
    const readBuffer = this.#readBuffer;
    const lived = new LivedClock(() => EPOCH_MS + this.time.now());
    this.shard = new Shard(taskOf(options, this.owner), {
      clock: lived.now,
      shared: lived.shared,
      files: this.disk.files,
      random: () => 0.5,
      randomBytes,
      soon: (work) => this.time.soon(this.#life.while(work)),
      later: (ms, work) => this.time.after(ms, this.#life.while(work)),
      ownAddresses: () => options.ownAddresses?.() ?? ['127.0.0.1'],
      post: this.#life.while((event) => {
        this.posted.push(event);
        this.events.push(withoutTorrent(event));
      }),
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
          return peer.dial(this.#life.hears(events), (bytes) => {
            for (let at = 0; at < bytes.length; at += READ_BUFFER_BYTES) {
              const part = bytes.subarray(at, at + READ_BUFFER_BYTES);
              readBuffer.set(part);
              if (!peer.destroyed && !this.#life.isDead) events.onData(part.length);
            }
          });
        },
      },
    });
    const order = options.order ?? 'rarest';
    const { slots: maxSlots = 1, hasNeighbours = false } = options;
    this.#torrent = {
      geometry: g,
      info: new SharedArrayBuffer(INFO.length),
      private: options.private ?? false,
      download: downloads ? { ledger, arena, maxSlots, order, hasNeighbours } : null,
      // Its files are zeros: peers may ask for them.
      given: downloads
        ? { files: [], padding: [{ offset: 0, length: g.totalLength }], ledger, kept: null, ...options.given }
        : null,
    };
    new Uint8Array(this.#torrent.info).set(INFO);
    this.command({ type: 'enter', entry: entryOf(options) });
    if (options.magnet !== true) this.setTorrent();
    this.time.every(
      TICK_MS,
      this.#life.while(() => this.shard.guard(() => this.shard.tick())),
    );
  }

  /** For a shard that started with a magnet link: the metadata was found. */
  setTorrent(): void {
    this.command({ type: 'begin', content: this.#torrent });
  }

  /** Sends a command about its torrent. */
  command(command: TorrentCommand): void {
    this.shard.command({ ...command, torrent: TORRENT });
  }

  /** The torrent on the shard. */
  get torrent(): TorrentPeers {
    const torrent = this.shard.torrents.byInfoHash(INFO_HASH);
    if (torrent === null) throw new Error('the torrent has left');
    return torrent;
  }

  /** Peers that can be dialled; no torrent has their addresses. */
  know(...scripts: FakePeerScript[]): FakePeer[] {
    const first = this.#peers.length;
    const peers = scripts.map((script, i) => new FakePeer(this.time, script, this.#firstIndex + first + i));
    this.#peers.push(...peers);
    return peers;
  }

  /** Adds peers and their addresses. */
  add(...scripts: FakePeerScript[]): FakePeer[] {
    const first = this.#peers.length;
    const peers = this.know(...scripts);
    const addresses = scripts.map(({ host = '127.0.0.1', version2 = false }, i) => ({
      peer: peerIndex(this.#firstIndex + first + i),
      host,
      port: first + i + 1,
      ...(version2 ? { version2 } : {}),
    }));
    this.command({ type: 'addresses', addresses, lost: false });
    return peers;
  }

  listen(): void {
    this.shard.command({ type: 'listen', port: 1, host: null, shared: false, sharedUtp: false });
  }

  /** A peer connects to us, if the shard listens. */
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

  readonly kill = this.#life.kill;

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

  /** Milliseconds of every reported unchoke. */
  get unchokes(): number[] {
    return this.events.flatMap((event) => (event.type === 'unchoked' ? [event.at - EPOCH_MS] : []));
  }

  #judges(): Verdicts | null {
    if (this.ledger === null || this.arena === null) return null;
    return new Verdicts(this.ledger, this.arena, {
      onConvicted: (sender, piece) => this.onConvicted(sender, piece),
      onReopened: () => {},
      later: (ms, work) => {
        this.time.after(ms, work);
        return () => {};
      },
    });
  }

  /** Plays main and the storage threads: judges the pieces that this shard has filled since. */
  judge(good: (full: FullPiece) => boolean, seen: Set<FullPiece>): void {
    if (this.ledger === null || this.arena === null || this.verdicts === null) return;
    const news = this.full.filter((full) => !seen.has(full));
    for (const full of news) seen.add(full);
    const pieces = this.verdicts.take(news);
    if (pieces.length === 0) return;
    const judged = pieces.map((full) => ({ full, isGood: good(full) }));
    const evidence: Evidence[] = judged
      .filter(({ full, isGood }) => full.suspect || !isGood)
      .map(({ full, isGood }) => ({
        piece: full.piece,
        good: isGood,
        blockHashes: blockHashes(this.arena?.pieceBytes(full.slot) ?? new Uint8Array(0)),
        leaves: null,
      }));
    const [goodOnes, bad] = [true, false].map((kind) =>
      judged.filter(({ isGood }) => isGood === kind).map(({ full }) => full),
    );
    const verified = (goodOnes ?? []).map(({ piece }) => piece);
    for (const piece of verified) this.ledger.verify(piece);
    this.verdicts.judge({
      type: 'stored',
      good: goodOnes ?? [],
      bad: bad ?? [],
      evidence,
      ...{ writeBytes: 0, withheld: [], edges: [] },
      isSplit: false,
      fault: null,
    });
    this.heedVerdicts(verified);
  }

  /** Sends every shard the commands that follow a verdict. */
  heedVerdicts(verified: readonly PieceIndex[]): void {
    const peers = this.convicted.map(senderOf).flatMap((sender) => ('peer' in sender ? [sender.peer] : []));
    if (peers.length > 0) this.command({ type: 'banish', peers, code: 'bad-data' });
    this.command({ type: 'verdicts', verified, withheld: [] });
  }
}

type ThreadEvent = Exclude<ShardEvent, { readonly torrent: TorrentId }>;

function withoutTorrent(event: ShardEvent): TorrentEvent | ThreadEvent {
  if (!('torrent' in event)) return event;
  const { torrent: _, ...news } = event;
  return news as TorrentEvent;
}
