/** One torrent on all shards of the session, as main sees it: commands go down, events come up, and a dead shard is told again. */
import type { ShardId, TorrentId } from '../../shared/indices.ts';
import type {
  ShardCommand,
  ShardStats,
  ShardTorrent,
  TorrentCommand,
  TorrentEntry,
  TorrentEvent,
  TorrentStats,
} from '../../shared/messages.ts';
import { fastestOf, type PeerRate } from '../../shared/peer-rate.ts';
import type { ShardLoad } from '../../shared/shard-load.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { LastingBytes } from './lasting-bytes.ts';

export interface TorrentShardsListener {
  /** What the shard at this position needs to race for the torrent; asked again for a shard that takes the place of a dead one. */
  entryOf(position: number): TorrentEntry;
  onEvent(position: number, event: TorrentEvent): void;
  /** The thread died; `lost` is the id under which it claimed pieces. A replacement runs already. */
  onLost(position: number, lost: ShardId, error: unknown): void;
  /** Shards keep dying: something is wrong that a new thread does not mend. */
  onHopeless(error: unknown): void;
}

/** What the pool does for a torrent. */
export interface ShardLine {
  readonly size: number;
  post(position: number, command: ShardCommand): void;
  idOf(position: number): ShardId;
  loadOf(position: number): ShardLoad;
  /** Nothing more is sent or heard of it. */
  forget(torrent: TorrentId): void;
}

export class TorrentShards {
  readonly id: TorrentId;
  readonly #line: ShardLine;
  readonly #listener: TorrentShardsListener;
  #stats: readonly (TorrentStats | null)[];
  readonly #lasting: readonly LastingBytes[];
  readonly #fastest: (readonly PeerRate[])[];
  #content: ShardTorrent | null = null;
  /** Positions that have not said that the torrent has left; null before it leaves. */
  #leaving: Set<number> | null = null;
  /** No thread answers any more. */
  #isHopeless = false;
  #left: () => void = () => {};

  constructor(id: TorrentId, line: ShardLine, listener: TorrentShardsListener) {
    this.id = id;
    this.#line = line;
    this.#listener = listener;
    this.#stats = Array.from({ length: line.size }, () => null);
    this.#lasting = Array.from({ length: line.size }, () => new LastingBytes());
    this.#fastest = Array.from({ length: line.size }, () => []);
    for (let position = 0; position < line.size; position++) this.#enter(position);
  }

  get size(): number {
    return this.#line.size;
  }

  /** The last counters of each shard, by position: another array when they change. */
  get counts(): readonly (TorrentStats | null)[] {
    return this.#stats;
  }

  /** The same with the load of its thread. */
  get stats(): readonly (ShardStats | null)[] {
    return this.#stats.map((stats, position) =>
      stats === null ? null : { ...stats, ...this.#line.loadOf(position) },
    );
  }

  /** The peers that give most, of all shards. */
  get fastest(): readonly PeerRate[] {
    return fastestOf(this.#fastest.flat());
  }

  idOf(position: number): ShardId {
    return this.#line.idOf(position);
  }

  send(position: number, command: TorrentCommand): void {
    this.#line.post(position, { ...command, torrent: this.id });
  }

  broadcast(command: TorrentCommand): void {
    for (let position = 0; position < this.size; position++) this.send(position, command);
  }

  /** The torrent is known. Called once. */
  begin(content: ShardTorrent): void {
    this.#content = content;
    this.broadcast({ type: 'begin', content });
  }

  /** The download is complete. A shard that takes the place of a dead one begins as a seed. */
  seed(files: readonly StoredFile[]): void {
    const { given = null } = this.#content ?? {};
    if (this.#content !== null)
      this.#content = {
        ...this.#content,
        download: null,
        given: given === null ? null : { ...given, files },
      };
    this.broadcast({ type: 'seed', files });
  }

  /** All shards close its peers; resolves when they have. The caller bounds the wait. */
  async leave(): Promise<void> {
    this.#leaving = new Set(Array.from({ length: this.size }, (_, position) => position));
    const left = new Promise<void>((resolve) => {
      this.#left = resolve;
    });
    this.broadcast({ type: 'leave' });
    if (!this.#isHopeless) await left;
  }

  /** For the time after `leave`, however that went. */
  forget(): void {
    this.#line.forget(this.id);
  }

  hear(position: number, event: TorrentEvent): void {
    if (event.type === 'stats') this.#count(position, this.#lasting[position]?.heard(event.stats));
    if (event.type === 'fastest') this.#fastest[position] = event.peers;
    if (event.type === 'left') this.#hasLeft(position);
    this.#listener.onEvent(position, event);
  }

  /** A new thread is in the place of a dead one. */
  replaced(position: number, lost: ShardId, error: unknown): void {
    this.#count(position, this.#lasting[position]?.died());
    this.#fastest[position] = [];
    if (this.#leaving !== null) return this.#hasLeft(position);
    this.#enter(position);
    this.#listener.onLost(position, lost, error);
  }

  hopeless(error: unknown): void {
    this.#isHopeless = true;
    this.#listener.onHopeless(error);
    for (let position = 0; position < this.size; position++) this.#hasLeft(position);
  }

  #count(position: number, stats: TorrentStats | null | undefined): void {
    this.#stats = this.#stats.with(position, stats ?? null);
  }

  #enter(position: number): void {
    this.send(position, { type: 'enter', entry: this.#listener.entryOf(position) });
    if (this.#content !== null) this.send(position, { type: 'begin', content: this.#content });
  }

  #hasLeft(position: number): void {
    this.#leaving?.delete(position);
    if (this.#leaving?.size === 0) this.#left();
  }
}
