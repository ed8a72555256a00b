/** Storage threads in virtual time: each is a worker over a disk in memory, and its commands take as long as the test says. */
import assert from 'node:assert/strict';
import type { StorageThread, StorageWorld } from '../../src/main/pools/storage-thread.ts';
import type { TorrentId } from '../../src/shared/indices.ts';
import type { StorageCommand, StorageResult, StorageThreadSetup } from '../../src/shared/storage-messages.ts';
import { StorageWorker } from '../../src/workers/storage/storage-worker.ts';
import { MemoryDisk } from './memory-disk.ts';

const NONE = -1 as TorrentId;
const NO_TASK = { type: 'store', pieces: [] } as const;

interface Begun {
  readonly command: StorageCommand;
  readonly endsAt: number;
  readonly resolve: (result: StorageResult) => void;
  readonly reject: (error: unknown) => void;
}

export class VirtualThread implements StorageThread {
  readonly disk: MemoryDisk;
  /** The commands that it got, such as `run 1 store +setup`, `forget 1,2` or `collect`. */
  readonly log: string[] = [];
  worker: StorageWorker;
  begun: Begun | null = null;
  collections = 0;
  ended = false;
  readonly #setup: StorageThreadSetup;
  readonly #endsAt: (command: StorageCommand) => number;

  constructor(setup: StorageThreadSetup, disk: MemoryDisk, endsAt: (command: StorageCommand) => number) {
    this.#setup = setup;
    this.disk = disk;
    this.#endsAt = endsAt;
    this.worker = this.#newWorker();
  }

  run(command: StorageCommand): Promise<StorageResult> {
    if (this.begun !== null) throw new Error('one command at a time');
    this.log.push(worded(command));
    return new Promise((resolve, reject) => {
      this.begun = { command, endsAt: this.#endsAt(command), resolve, reject };
    });
  }

  /** The command ends. */
  finish(): void {
    const { command, resolve, reject } = this.begun as Begun;
    this.begun = null;
    try {
      resolve(this.worker.run(command));
    } catch (error) {
      reject(error);
    }
  }

  /** The thread dies before it did anything for its command, and another replaces it. */
  die(): void {
    const { reject } = this.begun as Begun;
    this.begun = null;
    // Node closes the files that a dead thread had open.
    assert.throws(() => this.worker.run({ type: 'run', torrent: NONE, setup: null, task: NO_TASK }));
    this.worker = this.#newWorker();
    reject(new Error('injected death of a storage thread'));
  }

  async end(): Promise<void> {
    this.ended = true;
    this.begun?.reject(new Error('terminated'));
    this.begun = null;
  }

  #newWorker(): StorageWorker {
    return new StorageWorker(this.#setup, this.disk, () => {
      this.collections += 1;
    });
  }
}

function worded(command: StorageCommand): string {
  if (command.type === 'collect') return 'collect';
  if (command.type === 'forget') return `forget ${command.torrents.join(',')}`;
  return `run ${command.torrent} ${command.task.type}${command.setup === null ? '' : ' +setup'}`;
}

export class VirtualStorage implements StorageWorld {
  readonly disk = new MemoryDisk();
  readonly threads: VirtualThread[] = [];
  /** Milliseconds that a command takes. */
  cost: (command: StorageCommand) => number = () => 1;
  time = 0;
  #later: { readonly at: number; readonly work: () => void }[] = [];

  start(setup: StorageThreadSetup): StorageThread {
    const thread = new VirtualThread(setup, this.disk, (command) => this.time + this.cost(command));
    this.threads.push(thread);
    return thread;
  }

  now(): number {
    return this.time;
  }

  later(ms: number, work: () => void): () => void {
    const entry = { at: this.time + ms, work };
    this.#later.push(entry);
    return () => {
      this.#later = this.#later.filter((one) => one !== entry);
    };
  }

  get waiting(): number {
    return this.#later.length;
  }

  /** Runs until nothing is left to do, or until `until` is true. */
  async run(until: () => boolean = () => false): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      if (until()) return;
      const [thread] = this.threads
        .filter(({ begun }) => begun !== null)
        .sort((a, b) => (a.begun?.endsAt ?? 0) - (b.begun?.endsAt ?? 0));
      const [timer] = this.#later.sort((a, b) => a.at - b.at);
      const at = thread?.begun?.endsAt ?? Number.POSITIVE_INFINITY;
      if (timer !== undefined && timer.at < at) {
        this.#later.shift();
        this.time = timer.at;
        timer.work();
      } else if (thread !== undefined) {
        this.time = at;
        thread.finish();
      } else return;
    }
  }
}
