/**
 * The web seeds of all torrents of a session: one fetcher per torrent, with shared servers. Like a shard, it claims pieces in the
 * ledgers and fills slots of the arenas, but its data comes from HTTP servers and not from peers. Commands in, events out; time
 * and network come from outside.
 */
import { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ShardId, TorrentId } from '../../shared/indices.ts';
import { Ledger } from '../../shared/ledger.ts';
import type { WebSeedCommand, WebSeedEvent, WebSeedTorrent } from '../../shared/web-seed-messages.ts';
import { Servers } from './servers.ts';
import type { Visitor } from './web-seed.ts';
import { WebSeedFetcher } from './web-seed-fetcher.ts';

export interface WebSeedWorld {
  readonly visitor: Visitor;
  readonly clock: Clock;
  /** Resolves after this time, or when the signal aborts. Never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly post: (event: WebSeedEvent) => void;
}

export class WebSeedThread {
  /** Resolves after a stop, when all work has ended. Rejects then if there was a bug of ours. */
  readonly ended: Promise<void>;
  readonly #owner: ShardId;
  readonly #world: WebSeedWorld;
  readonly #servers = new Servers();
  readonly #fetchers = new Map<TorrentId, WebSeedFetcher>();
  #stopping = false;
  #fault: { readonly error: unknown } | null = null;
  #end: () => void = () => {};

  /** `owner`: the holder under which pieces and slots are claimed. */
  constructor(owner: ShardId, world: WebSeedWorld) {
    this.#owner = owner;
    this.#world = world;
    this.ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    }).then(() => {
      if (this.#fault !== null) throw this.#fault.error;
    });
  }

  command(command: WebSeedCommand): void {
    switch (command.type) {
      case 'add':
        if (!this.#stopping) this.#add(command.torrent, command.task);
        return;
      case 'remove':
        this.#fetchers.get(command.torrent)?.stop();
        return;
      case 'convict':
        this.#fetchers.get(command.torrent)?.convict(command.seed, command.piece);
        return;
      case 'network-back':
        this.#servers.networkCameBack();
        return;
      case 'stop':
        this.#stop();
        return;
    }
  }

  #add(torrent: TorrentId, task: WebSeedTorrent): void {
    const { clock, visitor, sleep, post } = this.#world;
    const fetcher = new WebSeedFetcher({
      ...task,
      ledger: new Ledger(task.ledger),
      arena: new Arena(task.arena),
      owner: this.#owner,
      servers: this.#servers,
      visitor,
      clock,
      sleep,
      post: (news) => post({ ...news, torrent }),
    });
    this.#fetchers.set(torrent, fetcher);
    fetcher.run().then(
      () => this.#removed(torrent),
      (error: unknown) => this.#failed(torrent, error),
    );
  }

  #removed(torrent: TorrentId): void {
    this.#fetchers.delete(torrent);
    // After a bug, main treats all torrents as lost with the thread, not as removed.
    if (this.#fault === null) this.#world.post({ type: 'removed', torrent });
    this.#endWhenIdle();
  }

  /** A bug of ours. All torrents end. Main starts them again with another owner. */
  #failed(torrent: TorrentId, error: unknown): void {
    this.#fault ??= { error };
    this.#fetchers.delete(torrent);
    this.#stop();
  }

  #stop(): void {
    this.#stopping = true;
    for (const fetcher of this.#fetchers.values()) fetcher.stop();
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#stopping && this.#fetchers.size === 0) this.#end();
  }
}
