/**
 * The work of a storage thread, without the thread: commands in, results out. The first task of a torrent brings its set-up. Main
 * says when to forget the torrent. A simulation runs this over its own disk.
 */
import type { TorrentId } from '../../shared/indices.ts';
import type {
  DiskFault,
  StorageCommand,
  StorageResult,
  StorageThreadSetup,
} from '../../shared/storage-messages.ts';
import type { Disk } from './disk.ts';
import { ThreadFiles } from './thread-files.ts';
import { TorrentStorage } from './torrent-storage.ts';

const DONE: StorageResult = { type: 'done', fault: null };

export class StorageWorker {
  readonly #files: ThreadFiles;
  readonly #collect: () => void;
  readonly #torrents = new Map<TorrentId, TorrentStorage>();

  /** `collect` frees memory that nothing refers to. */
  constructor({ openFiles }: StorageThreadSetup, disk: Disk, collect: () => void) {
    this.#files = new ThreadFiles(disk, openFiles);
    this.#collect = collect;
  }

  /** How many torrents and open files it has. */
  get held(): { readonly torrents: number; readonly openFiles: number } {
    return { torrents: this.#torrents.size, openFiles: this.#files.openCount };
  }

  /** Throws on a bug of ours and forgets all torrents: main handles this like the death of the thread. */
  run(command: StorageCommand): StorageResult {
    try {
      return this.#run(command);
    } catch (error) {
      for (const torrent of this.#torrents.keys()) this.#forget(torrent);
      throw error;
    }
  }

  #run(command: StorageCommand): StorageResult {
    switch (command.type) {
      case 'run': {
        const { torrent, setup, task } = command;
        if (setup !== null) this.#learn(torrent, new TorrentStorage(torrent, setup, this.#files));
        const known = this.#torrents.get(torrent);
        if (known === undefined) throw new Error(`torrent ${torrent} is not known to this storage thread`);
        return known.run(task);
      }
      case 'forget': {
        const { torrents } = command;
        return { type: 'forgotten', faults: torrents.map((torrent) => this.#forget(torrent)), fault: null };
      }
      case 'collect':
        this.#collect();
        return DONE;
    }
  }

  #learn(torrent: TorrentId, storage: TorrentStorage): void {
    this.#forget(torrent);
    this.#torrents.set(torrent, storage);
  }

  #forget(torrent: TorrentId): DiskFault | null {
    const fault = this.#torrents.get(torrent)?.close() ?? null;
    this.#torrents.delete(torrent);
    return fault;
  }
}
