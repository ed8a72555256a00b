/** The storage threads of a simulated session, over a disk in memory. They check good pieces against the true bytes. */

import type { StorageThread, StorageWorld } from '../../src/main/pools/storage-thread.ts';
import type { Metainfo } from '../../src/main/torrent/metainfo.ts';
import { Arena } from '../../src/shared/arena.ts';
import type { SlotIndex, TorrentId } from '../../src/shared/indices.ts';
import type { StorageCommand, StorageResult, StorageThreadSetup } from '../../src/shared/storage-messages.ts';
import type { Disk } from '../../src/workers/storage/disk.ts';
import { StorageWorker } from '../../src/workers/storage/storage-worker.ts';
import type { Roll } from './personas.ts';
import type { ProcessLoop } from './process-loop.ts';

/** The true bytes of a piece. */
export type Truth = (piece: number, length: number) => Uint8Array;

/** Writes that a process still does while it is killed, at most. */
const MOST_LAST_WRITES = 6;

interface Lane {
  worker: StorageWorker;
  /** It dies during its current command, or the next one. */
  isDoomed: boolean;
  isEnded: boolean;
  /** It died after its last result, and the pool does not know this. */
  isNew: boolean;
  /** What it does. */
  command: StorageCommand | null;
}

export class VirtualStorageThreads implements StorageWorld {
  readonly lanes: Lane[] = [];
  readonly now: () => number;
  readonly later: (ms: number, work: () => void) => () => void;
  readonly #process: ProcessLoop;
  readonly #disk: Disk;
  readonly #roll: Roll;
  /** Writes until the process is dead. */
  #writesLeft = Number.POSITIVE_INFINITY;
  readonly #onBug: (error: unknown) => void;
  /** The true bytes of a piece, by the hashes of the torrent. */
  readonly #truths: ReadonlyMap<string, Truth>;
  readonly #known = new Map<TorrentId, { readonly arena: Arena; readonly truth: Truth }>();
  /** Those that a thread may have files of. */
  readonly #seen = new Set<TorrentId>();

  constructor(
    process: ProcessLoop,
    disk: Disk,
    truths: ReadonlyMap<string, Truth>,
    roll: Roll,
    onBug: (error: unknown) => void,
  ) {
    this.#truths = truths;
    this.#process = process;
    const write: Disk['write'] = (...call) => {
      this.#writesLeft -= 1;
      if (this.#writesLeft < 0) throw new Error('the process is killed');
      return disk.write(...call);
    };
    this.#disk = { ...disk, write };
    this.#roll = roll;
    this.#onBug = onBug;
    this.now = process.now;
    this.later = process.plainLater;
  }

  start(setup: StorageThreadSetup): StorageThread {
    const lane: Lane = {
      worker: this.#worker(setup),
      isDoomed: false,
      isEnded: false,
      isNew: false,
      command: null,
    };
    this.lanes.push(lane);
    return {
      run: (command) =>
        new Promise((resolve, reject) => {
          const copy = structuredClone(command);
          lane.command = copy;
          this.#process.after(this.#roll(30) / 10, () => {
            lane.command = null;
            if (lane.isEnded) return reject(new Error('terminated'));
            const diesFirst = lane.isDoomed && this.#roll(2) === 0;
            if (!diesFirst) this.#run(lane, copy, resolve, reject);
            if (!lane.isDoomed) return;
            lane.isDoomed = false;
            lane.isNew = !diesFirst;
            // Node closes the files that a dead thread had open.
            lane.worker.run({ type: 'forget', torrents: [...this.#seen] });
            lane.worker = this.#worker(setup);
            reject(new Error('injected death of a storage thread'));
          });
        }),
      end: async () => {
        lane.isEnded = true;
        lane.worker.run({ type: 'forget', torrents: [...this.#seen] });
      },
    };
  }

  /** The slots in use, in words. */
  get slots(): string[] {
    return [...this.#known].flatMap(([torrent, { arena }]) =>
      Array.from({ length: arena.slotCount }, (_, at) => at as SlotIndex)
        .filter((slot) => arena.ownerOf(slot) !== 0)
        .map((slot) => {
          const received = `${arena.receivedCount(slot)} blocks`;
          const holders = `owner ${arena.ownerOf(slot)}, guest ${arena.guestOf(slot)}`;
          const rule = `${arena.isSolo(slot) ? 'solo, ' : ''}avoids ${arena.avoidedIn(slot).join('+')}`;
          return `torrent ${torrent}, slot ${slot}: piece ${arena.pieceOf(slot)}, ${received}, ${holders}, ${rule}`;
        }),
    );
  }

  /** The process is killed in the middle of what its threads write: nobody hears of it. */
  killAll(): void {
    for (const { command, worker } of this.lanes) {
      this.#writesLeft = this.#roll(MOST_LAST_WRITES);
      try {
        if (command !== null) worker.run(command);
      } catch {
        // It is dead.
      }
    }
  }

  kill(which: number): boolean {
    const lane = this.lanes[which % Math.max(1, this.lanes.length)];
    if (lane === undefined) return false;
    lane.isDoomed = true;
    return true;
  }

  #worker(setup: StorageThreadSetup): StorageWorker {
    return new StorageWorker(setup, this.#disk, () => {});
  }

  #run(
    lane: Lane,
    command: StorageCommand,
    resolve: (result: StorageResult) => void,
    reject: (error: unknown) => void,
  ): void {
    try {
      this.#learn(command);
      const result = lane.worker.run(command);
      this.#check(command, result);
      this.#checkTaken(lane, command, result);
      resolve(structuredClone(result));
    } catch (error) {
      if (lane.isNew) lane.isNew = false;
      else this.#onBug(error);
      reject(error);
    }
  }

  #learn(command: StorageCommand): void {
    if (command.type === 'run') this.#seen.add(command.torrent);
    if (command.type !== 'run' || command.setup?.arena == null) return;
    const { arena, hashes } = command.setup;
    const truth = this.#truths.get(
      truthKey(hashes.sha1 === null ? (hashes.trees?.roots ?? NOTHING) : new Uint8Array(hashes.sha1)),
    );
    if (truth !== undefined) this.#known.set(command.torrent, { arena: new Arena(arena), truth });
  }

  /** Throws if a piece is called good and is not. */
  #check(command: StorageCommand, result: StorageResult): void {
    if (command.type !== 'run' || result.type !== 'stored') return;
    const known = this.#known.get(command.torrent);
    for (const { piece, slot } of result.good) {
      const bytes = known?.arena.pieceBytes(slot);
      if (bytes === undefined || Buffer.compare(bytes, known?.truth(piece, bytes.length) ?? bytes) !== 0)
        throw new Error(`piece ${piece} of torrent ${command.torrent} was called good and is not`);
    }
  }

  /** Throws if a piece that was taken from another file is not in ours. */
  #checkTaken({ worker }: Lane, command: StorageCommand, result: StorageResult): void {
    if (command.type !== 'run' || command.task.type !== 'take' || result.type !== 'taken') return;
    if (!command.task.keep) return;
    for (const { piece } of result.found) {
      const task = { type: 'check', first: piece, count: 1 } as const;
      const checked = worker.run({ type: 'run', torrent: command.torrent, setup: null, task });
      if (checked.type !== 'checked' || checked.good.length !== 1)
        throw new Error(`piece ${piece} of torrent ${command.torrent} was taken and is not there`);
    }
  }
}

const NOTHING = new Uint8Array(0);

export function truthKeyOf({ pieceHashes, version2 }: Metainfo): string {
  return truthKey(pieceHashes.length > 0 ? pieceHashes : (version2?.trees.roots ?? NOTHING));
}

/** By which the truth of a torrent is found. */
export function truthKey(pieceHashes: Uint8Array): string {
  return Buffer.from(pieceHashes).toString('latin1');
}
