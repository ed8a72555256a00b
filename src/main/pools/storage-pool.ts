/**
 * The storage threads of a session: Piscina pool B. Torrents register here and share the threads in turns. Main addresses each
 * thread separately, so it knows what each thread knows: the set-up of a torrent goes with the first task on that thread, and an
 * idle thread can be told to forget. A thread has one task at a time. Its next task is sent before the result of the last one is
 * reported.
 */
import type { TorrentId } from '../../shared/indices.ts';
import { COLLECT_DELAY_MS } from '../../shared/limits.ts';
import type {
  DiskFault,
  StorageCommand,
  StorageResult,
  StoredTorrentSetup,
} from '../../shared/storage-messages.ts';
import type { StorageLine } from './storage-line.ts';
import { StorageQueue } from './storage-queue.ts';
import { type StorageThread, type StorageWorld, systemStorage } from './storage-thread.ts';
import { type StorageThreads, StoredTorrent } from './stored-torrent.ts';

/** After this many deaths of storage threads in a session, a new thread does not help. */
const MAX_DEATHS = 3;

export interface StoragePoolOptions {
  readonly threads: number;
  /** Files that each thread keeps open, over all torrents. */
  readonly openFiles: number;
}

/** A thread and what it knows. */
interface Lane {
  readonly thread: StorageThread;
  readonly known: Set<TorrentId>;
  isBusy: boolean;
  /** Torrents that it must forget, each with what to call afterwards. */
  readonly forgotten: Map<TorrentId, (fault: DiskFault | null) => void>;
  /** Whether the thread still must give back the memory of torrents that it forgot. */
  collects: 'no' | 'later' | 'now';
}

export class StoragePool {
  readonly #options: StoragePoolOptions;
  readonly #world: StorageWorld;
  readonly #queue = new StorageQueue();
  readonly #torrents = new Map<
    TorrentId,
    { readonly stored: StoredTorrent; readonly setup: StoredTorrentSetup }
  >();
  #lanes: readonly Lane[] = [];
  #deaths = 0;
  /** Too many threads died: no more work is done. */
  #failure: { readonly error: unknown } | null = null;
  #cancelCollection: (() => void) | null = null;
  #isClosed = false;

  /** Starts no thread before a torrent is registered. */
  constructor(options: StoragePoolOptions, world: StorageWorld = systemStorage) {
    this.#options = options;
    this.#world = world;
  }

  get threads(): number {
    return this.#options.threads;
  }

  /** A thread learns of the torrent with its first task. */
  register(id: TorrentId, setup: StoredTorrentSetup): StoredTorrent {
    if (this.#isClosed) throw new Error('the storage threads have ended');
    if (this.#torrents.has(id))
      throw new Error(`torrent ${id} is registered with the storage threads already`);
    if (this.#lanes.length === 0) this.#startThreads();
    const threads: StorageThreads = {
      now: () => this.#world.now(),
      offer: (line) => this.#offer(line),
      withdraw: (line) => this.#queue.leave(line),
      closeFiles: (torrent) => this.#letGo(torrent),
      forget: (torrent) => {
        const gone = this.#letGo(torrent);
        this.#torrents.delete(torrent);
        return gone;
      },
    };
    const stored = new StoredTorrent(id, setup.geometry, threads);
    this.#torrents.set(id, { stored, setup });
    return stored;
  }

  /** Ends all threads. Work that torrents wait for ends as well. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelCollection?.();
    for (const { stored } of this.#torrents.values()) stored.drop();
    this.#torrents.clear();
    await Promise.all(this.#lanes.map(({ thread }) => thread.end()));
    for (const lane of this.#lanes) forget(lane, [...lane.forgotten.keys()]);
  }

  #startThreads(): void {
    const { threads, openFiles } = this.#options;
    this.#lanes = Array.from({ length: threads }, () => newLane(this.#world.start({ openFiles })));
  }

  #offer(line: StorageLine): void {
    if (this.#failure !== null) return line.fail(this.#failure.error);
    this.#queue.join(line, this.#world.now());
    this.#dispatch();
  }

  /** No thread knows it any more, or has memory of it. */
  #letGo(torrent: TorrentId): Promise<DiskFault | null> {
    const hasMemory = this.#torrents.get(torrent)?.setup.arena != null;
    const lanes = this.#lanesOf(torrent);
    if (hasMemory) for (const lane of lanes) lane.collects = 'later';
    const forgotten = this.#tellToForget(torrent);
    if (hasMemory && lanes.length > 0) this.#collectLater();
    return forgotten;
  }

  /** The threads that know it. */
  #lanesOf(torrent: TorrentId): readonly Lane[] {
    return this.#isClosed ? [] : this.#lanes.filter(({ known }) => known.has(torrent));
  }

  async #tellToForget(torrent: TorrentId): Promise<DiskFault | null> {
    const forgotten = this.#lanesOf(torrent).map(
      ({ forgotten }) =>
        new Promise<DiskFault | null>((resolve) => {
          const before = forgotten.get(torrent);
          forgotten.set(torrent, (fault) => {
            before?.(fault);
            resolve(fault);
          });
        }),
    );
    this.#dispatch();
    return (await Promise.all(forgotten)).find((fault) => fault !== null) ?? null;
  }

  /** Many torrents may end at one time: their memory is collected once. */
  #collectLater(): void {
    this.#cancelCollection ??= this.#world.later(COLLECT_DELAY_MS, () => {
      this.#cancelCollection = null;
      for (const lane of this.#lanes) if (lane.collects === 'later') lane.collects = 'now';
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#isClosed) return;
    for (const lane of this.#lanes) if (!lane.isBusy) this.#serve(lane);
  }

  /** Work that frees something goes first, because it is quick. */
  #serve(lane: Lane): void {
    if (lane.forgotten.size > 0) {
      const torrents = [...lane.forgotten.keys()];
      return this.#order(lane, { type: 'forget', torrents }, (result) =>
        forget(lane, torrents, result.type === 'forgotten' ? result.faults : []),
      );
    }
    if (lane.collects === 'now') {
      lane.collects = 'no';
      return this.#order(lane, { type: 'collect' }, () => {});
    }
    const now = this.#world.now();
    const line = this.#queue.next(now);
    if (line !== null) this.#work(lane, line, now);
  }

  #work(lane: Lane, line: StorageLine, begun: number): void {
    const { torrent } = line;
    const job = line.take();
    const setup = lane.known.has(torrent) ? null : (this.#torrents.get(torrent)?.setup ?? null);
    lane.known.add(torrent);
    lane.isBusy = true;
    lane.thread.run({ type: 'run', torrent, setup, task: job.task }).then(
      (result) => {
        lane.isBusy = false;
        this.#queue.ended(line, begun, this.#world.now());
        this.#dispatch();
        job.done(result);
      },
      (error: unknown) => {
        this.#queue.ended(line, begun, this.#world.now());
        job.giveBack();
        if (line.waits) this.#queue.join(line, this.#world.now());
        this.#died(lane, error);
      },
    );
  }

  #order(lane: Lane, command: StorageCommand, done: (result: StorageResult) => void): void {
    lane.isBusy = true;
    lane.thread.run(command).then(
      (result) => {
        lane.isBusy = false;
        done(result);
        this.#dispatch();
      },
      (error: unknown) => this.#died(lane, error),
    );
  }

  /** Another thread replaced the dead one, and knows no torrent. */
  #died(lane: Lane, error: unknown): void {
    lane.isBusy = false;
    forget(lane, [...lane.forgotten.keys()]);
    lane.known.clear();
    if (this.#isClosed) return;
    this.#deaths += 1;
    if (this.#deaths === MAX_DEATHS + 1) {
      this.#failure = { error };
      for (const { stored } of [...this.#torrents.values()]) stored.fail(error);
    }
    this.#dispatch();
  }
}

function newLane(thread: StorageThread): Lane {
  return { thread, known: new Set(), isBusy: false, forgotten: new Map(), collects: 'no' };
}

/** `faults`: of these torrents; none if the thread is gone. */
function forget(
  lane: Lane,
  torrents: readonly TorrentId[],
  faults: readonly (DiskFault | null)[] = [],
): void {
  for (const [i, torrent] of torrents.entries()) {
    lane.known.delete(torrent);
    lane.forgotten.get(torrent)?.(faults[i] ?? null);
    lane.forgotten.delete(torrent);
  }
}
