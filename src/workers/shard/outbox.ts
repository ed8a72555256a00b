/**
 * Gathers what a shard tells the main thread about one torrent, within limits. Full pieces wait for the end of the turn, closed
 * peers for the next tick: while thousands are dialled, hundreds close at each moment, and one message for each would cost more
 * than the dials. What must not wait (the first unchoke) is sent at once. The shard's lived time is converted here to the time
 * that all threads share.
 */
import type { TorrentId } from '../../shared/indices.ts';
import { EVENTS_PER_MESSAGE } from '../../shared/limits.ts';
import type { FullPiece, PeerOutcome, TorrentEvent, TorrentStats } from '../../shared/messages.ts';
import type { Timeline } from '../../shared/timeline.ts';
import type { ShardWorld } from './shard-world.ts';

export class Outbox {
  readonly #torrent: TorrentId;
  readonly #send: ShardWorld['post'];
  readonly #shared: (lived: number) => number;
  readonly #soon: (work: () => void) => void;
  #full: FullPiece[] = [];
  #closed: PeerOutcome[] = [];
  #stats: TorrentStats | null = null;

  constructor(torrent: TorrentId, { post, soon, shared }: Pick<ShardWorld, 'post' | 'soon' | 'shared'>) {
    this.#torrent = torrent;
    this.#send = post;
    this.#soon = soon;
    this.#shared = shared;
  }

  now(event: TorrentEvent): void {
    this.#post('at' in event ? { ...event, at: this.#shared(event.at) } : event);
  }

  full(piece: FullPiece): void {
    this.#full.push(piece);
    if (this.#full.length === 1) this.#soon(() => this.#flushFull());
  }

  /** Sent only if one of them has changed: a thousand idle torrents send nothing. */
  stats(stats: TorrentStats): void {
    const last = this.#stats;
    const names = Object.keys(stats) as (keyof TorrentStats)[];
    if (last !== null && names.every((name) => stats[name] === last[name])) return;
    this.#stats = stats;
    this.#post({ type: 'stats', stats });
  }

  closed(outcome: PeerOutcome): void {
    this.#closed.push({ ...outcome, timeline: sharedTimes(outcome.timeline, this.#shared) });
    if (this.#closed.length >= EVENTS_PER_MESSAGE) this.flush();
  }

  /** Nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.#full.length === 0 && this.#closed.length === 0;
  }

  /** Sends everything that waits. Called once a tick and at the end. */
  flush(): void {
    this.#flushFull();
    if (this.#closed.length === 0) return;
    this.#post({ type: 'closed', outcomes: this.#closed });
    this.#closed = [];
  }

  #post(event: TorrentEvent): void {
    this.#send({ ...event, torrent: this.#torrent });
  }

  #flushFull(): void {
    if (this.#full.length === 0) return;
    this.#post({ type: 'full', pieces: this.#full });
    this.#full = [];
  }
}

function sharedTimes(lived: Timeline, shared: (at: number) => number): Timeline {
  const told = (at: number | null) => (at === null ? null : shared(at));
  return {
    dialed: told(lived.dialed),
    connected: told(lived.connected),
    handshaken: told(lived.handshaken),
    piecesTold: told(lived.piecesTold),
    interested: told(lived.interested),
    unchoked: told(lived.unchoked),
    firstBlock: told(lived.firstBlock),
    closed: told(lived.closed),
  };
}
