/**
 * Keeps two processes from writing to one place: a file beside the download names the process that uses it.
 *
 * Why a file and not a kernel lock? Node has no lock that the kernel frees. Linux would free a socket in the abstract namespace,
 * but such a socket is not visible from another container or machine with the same folder. A file of a killed run must not stop
 * the next run. On the same system, process and start time identify its owner. From another system, a living owner touches the
 * file every few seconds; an owner that stops doing so is gone.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { writeFirst } from '../../shared/file-system.ts';
import type { Folder, OpenFile } from '../../shared/folder.ts';
import {
  LOCK_INTERVAL_MS,
  LOCK_LOOK_MS,
  LOCK_STALE_MS,
  LOCK_TOUCHES_PER_LOOK,
  MAX_LOCK_BYTES,
} from '../../shared/limits.ts';
import type { Failure } from '../failure.ts';
import type { Processes } from '../files/processes.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import { passingName } from './journal.ts';
import { type Fence, isEarlier, notALock, type Owner, ownerOf } from './lock-owner.ts';
import { inUse, takenOver } from './place-in-use.ts';

export interface LockHooks {
  /** Rejects if the run is interrupted. */
  readonly wait: (ms: number) => Promise<unknown>;
  /** Called when we must wait to see whether an owner elsewhere is alive. */
  readonly onWait: (text: string) => void;
  /** Another process took over the place, for example because this one was suspended for a long time. */
  readonly onLost: (error: Failure) => void;
}

/** What it needs of the world outside; the files are those of its folder. */
export type LockWorld = Pick<MainWorld, 'meanwhile' | 'processes'>;

interface Seen {
  readonly owner: Owner | null;
  readonly inode: bigint;
  readonly touched: bigint;
}

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class OutputLock {
  readonly #folder: Folder;
  readonly #name: string;
  readonly #descriptor: number;
  readonly #endTouching: () => void;
  readonly #isFenced: boolean;
  /** Of the file that it holds open, so it does not change. */
  #inode: bigint | null = null;
  /** By the calendar; null if it failed. */
  #touchedAt: number | null = null;
  #touches = 0;

  private constructor(
    folder: Folder,
    name: string,
    descriptor: number,
    onLost: (error: Failure) => void,
    { meanwhile }: LockWorld,
    isFenced: boolean,
  ) {
    this.#isFenced = isFenced;
    this.#folder = folder;
    this.#name = name;
    this.#descriptor = descriptor;
    this.#endTouching = meanwhile(LOCK_INTERVAL_MS, () => {
      if (!this.#touch() || this.isOurs()) return;
      this.#endTouching();
      onLost(takenOver(`${folder.path}/${name}`));
    });
  }

  /** Rejects with a `disk` failure if another process has it, and with the system's error if no lock can be made. */
  static async take(
    folder: Folder,
    name: string,
    hooks: LockHooks,
    world: LockWorld = SYSTEM_MAIN,
    fence: Fence | null = null,
  ): Promise<OutputLock> {
    for (;;) {
      const descriptor = create(folder, name, world.processes, fence);
      if (descriptor !== null)
        return new OutputLock(folder, name, descriptor, hooks.onLost, world, fence !== null);
      const seen = look(folder, name);
      if (seen === null) continue;
      if (
        !isEarlier(seen.owner?.fence, fence) &&
        !(await isStale(folder, name, seen, hooks, world.processes))
      )
        throw inUse(`${folder.path}/${name}`, seen.owner?.pid ?? null);
      remove(folder, name, seen);
    }
  }

  /**
   * Returns true if another process may have it by now: this one stood still, or slept with its machine. With a thousand locks, a
   * look at each touch costs more than all else that idle torrents do.
   */
  #touch(): boolean {
    const before = this.#touchedAt;
    this.#touchedAt = touched(this.#folder, this.#descriptor);
    this.#touches += 1;
    if (before === null || this.#touchedAt === null || this.#touches % LOCK_TOUCHES_PER_LOOK === 0)
      return true;
    const passed = this.#touchedAt - before;
    return passed < 0 || passed > 2 * LOCK_INTERVAL_MS;
  }

  release(): void {
    const { files } = this.#folder;
    this.#endTouching();
    try {
      if (this.#isFound()) files.unlink(this.#folder.at(this.#name));
    } catch {
      this.#disown();
    }
    try {
      files.close(this.#descriptor);
    } catch {
      // A mount that has died reports it here once more. Nothing in the lock is needed any longer.
    }
  }

  /** It cannot be removed. Without an owner it is stale after a while, also for a further run of this process. */
  #disown(): void {
    try {
      this.#folder.files.ftruncate(this.#descriptor, 0);
    } catch {
      // It is stale when this process has ended.
    }
  }

  /** False if another process has the place. A failing disk does not show it: it shows itself where data is written. */
  isOurs(): boolean {
    try {
      return this.#isFound();
    } catch {
      return true;
    }
  }

  /**
   * False if another process has the place. Throws the system's error. If the lock was removed by hand, no other process has it. That of a job is gone as well when
   * a later try has taken it and is through.
   */
  #isFound(): boolean {
    const stats = this.#folder.look(this.#name);
    this.#inode ??= this.#folder.files.fstat(this.#descriptor).ino;
    return stats === null ? !this.#isFenced : stats.ino === this.#inode;
  }
}

/** The descriptor of a lock that is complete when it gets its name; null if there is one already. */
function create(folder: Folder, name: string, processes: Processes, fence: Fence | null): number | null {
  const { files } = folder;
  const id = randomBytes(8).toString('hex');
  const [system, pid] = [processes.system(), processes.own];
  const started = processes.startOf(pid);
  const owner: Owner = { lock: 1, id, system, pid, started, ...(fence === null ? {} : { fence }) };
  const text = Buffer.from(`${JSON.stringify(owner)}\n`);
  const own = passingName();
  const descriptor = files.open(folder.at(own), NEW, 0o666);
  try {
    writeFirst(files, descriptor, text);
    files.link(folder.at(own), folder.at(name));
    return descriptor;
  } catch (error) {
    files.close(descriptor);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    return createWithoutLinks(folder, name, text);
  } finally {
    dropName(folder, own);
  }
}

/** The lock is made or is not: that a name of its own stays behind changes nothing. */
function dropName(folder: Folder, name: string): void {
  try {
    folder.files.unlink(folder.at(name));
  } catch {
    // A failing disk shows itself where data is written.
  }
}

/** On a file system without hard links (FAT) it is empty for a moment. */
function createWithoutLinks(folder: Folder, name: string, text: Uint8Array): number | null {
  const { files } = folder;
  let descriptor: number;
  try {
    descriptor = files.open(folder.at(name), NEW, 0o666);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
  try {
    writeFirst(files, descriptor, text);
    return descriptor;
  } catch (error) {
    // An empty one, for example on a full disk, would make the next run wait.
    files.close(descriptor);
    files.unlink(folder.at(name));
    throw error;
  }
}

/** Null if it is gone. Throws a `disk` failure if it is not a lock. */
function look(folder: Folder, name: string): Seen | null {
  const stats = folder.look(name);
  if (stats === null) return null;
  if (!stats.isFile() || stats.size > MAX_LOCK_BYTES) throw notALock(`${folder.path}/${name}`);
  let file: OpenFile;
  try {
    file = folder.openFile(name, constants.O_RDONLY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    // Another user's lock that we cannot read: we can still see whether its owner is alive.
    if (code === 'EACCES') return { owner: null, inode: stats.ino, touched: stats.mtimeNs };
    throw error;
  }
  try {
    const text = folder.files.readWhole(file.descriptor).toString('utf8');
    const { ino, mtimeNs } = file.stats;
    return {
      owner: text === '' ? null : ownerOf(text, `${folder.path}/${name}`),
      inode: ino,
      touched: mtimeNs,
    };
  } finally {
    folder.files.close(file.descriptor);
  }
}

async function isStale(
  folder: Folder,
  name: string,
  seen: Seen,
  hooks: LockHooks,
  processes: Processes,
): Promise<boolean> {
  const { owner } = seen;
  if (owner !== null && owner.system === processes.system()) {
    if (!processes.isAlive(owner.pid)) return true;
    if (owner.started !== null) return owner.started !== processes.startOf(owner.pid);
  }
  const seconds = LOCK_STALE_MS / 1_000;
  hooks.onWait(
    `${folder.path}/${name}: another machine or container may be downloading here; watching its lock for ${seconds} s`,
  );
  for (let waited = 0; waited < LOCK_STALE_MS; waited += LOCK_LOOK_MS) {
    await hooks.wait(LOCK_LOOK_MS);
    const now = look(folder, name);
    if (now === null || now.inode !== seen.inode) return true;
    if (now.touched !== seen.touched) return false;
  }
  return true;
}

/** Removes only the lock that was found stale: a newer one gets its name back. */
function remove(folder: Folder, name: string, seen: Seen): void {
  const { files } = folder;
  const aside = passingName();
  try {
    if (folder.look(name)?.ino !== seen.inode) return;
    files.rename(folder.at(name), folder.at(aside));
    if (folder.look(aside)?.ino !== seen.inode) files.link(folder.at(aside), folder.at(name));
    files.unlink(folder.at(aside));
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** When it was; null if it failed. A failing disk shows itself where data is written. */
function touched({ files }: Folder, descriptor: number): number | null {
  try {
    return files.touch(descriptor);
  } catch {
    return null;
  }
}
