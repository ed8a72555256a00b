/**
 * Keeps two processes from writing to one place: a file beside the download names the process that uses it.
 *
 * Why a file and not a kernel lock? Node has no lock that the kernel frees. Linux would free a socket in the abstract namespace,
 * but such a socket is not visible from another container or machine with the same folder. A file of a killed run must not stop
 * the next run. On the same system, process and start time identify its owner. From another system, a living owner touches the
 * file every few seconds; an owner that stops doing so is gone.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import type { Folder, OpenFile } from '../../shared/folder.ts';
import { LOCK_INTERVAL_MS, LOCK_LOOK_MS, LOCK_STALE_MS, MAX_LOCK_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { passingName } from './journal.ts';
import { SharedInterval } from './shared-interval.ts';

interface Owner {
  readonly lock: 1;
  readonly id: string;
  /** The running system, and the namespace of its process numbers. */
  readonly system: string;
  readonly pid: number;
  /** Start time of the process; null if the system does not tell. */
  readonly started: string | null;
}

export interface LockHooks {
  /** Rejects if the run is interrupted. */
  readonly wait: (ms: number) => Promise<unknown>;
  /** Called when we must wait to see whether an owner elsewhere is alive. */
  readonly onWait: (text: string) => void;
  /** Another process took over the place, for example because this one was suspended for a long time. */
  readonly onLost: (error: Failure) => void;
}

interface Seen {
  readonly owner: Owner | null;
  readonly inode: bigint;
  readonly touched: bigint;
}

/** Of all locks of this process. */
const TOUCHES = new SharedInterval(LOCK_INTERVAL_MS);

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class OutputLock {
  readonly #folder: Folder;
  readonly #name: string;
  readonly #descriptor: number;
  readonly #endTouches: () => void;

  private constructor(folder: Folder, name: string, descriptor: number, onLost: (error: Failure) => void) {
    this.#folder = folder;
    this.#name = name;
    this.#descriptor = descriptor;
    this.#endTouches = TOUCHES.begin(() => {
      if (this.#isOurs()) return touch(descriptor);
      this.#endTouches();
      onLost(new Failure('disk', `${folder.path}/${name}: another run of unchoke took over this place`));
    });
  }

  /** Rejects with a `disk` failure if another process has it, and with the system's error if no lock can be made. */
  static async take(folder: Folder, name: string, hooks: LockHooks): Promise<OutputLock> {
    for (;;) {
      const descriptor = create(folder, name);
      if (descriptor !== null) return new OutputLock(folder, name, descriptor, hooks.onLost);
      const seen = look(folder, name);
      if (seen === null) continue;
      if (!(await isStale(folder, name, seen, hooks))) throw held(folder, name, seen.owner);
      remove(folder, name, seen);
    }
  }

  release(): void {
    this.#endTouches();
    try {
      if (this.#isOurs()) unlinkSync(this.#folder.at(this.#name));
    } catch {
      // It is stale from now on, and the next run will see this.
    }
    closeSync(this.#descriptor);
  }

  /** If it was removed by hand, no other process has it. */
  #isOurs(): boolean {
    const stats = this.#folder.look(this.#name);
    return stats === null || stats.ino === fstatSync(this.#descriptor, { bigint: true }).ino;
  }
}

/** The descriptor of a lock that is complete when it gets its name; null if there is one already. */
function create(folder: Folder, name: string): number | null {
  const id = randomBytes(8).toString('hex');
  const text = `${JSON.stringify({ lock: 1, id, system: thisSystem(), pid: process.pid, started: startOf(process.pid) } satisfies Owner)}\n`;
  const own = passingName();
  const descriptor = openSync(folder.at(own), NEW, 0o666);
  try {
    writeSync(descriptor, text);
    linkSync(folder.at(own), folder.at(name));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    return createWithoutLinks(folder, name, text);
  } finally {
    unlinkSync(folder.at(own));
  }
}

/** On a file system without hard links (FAT) it is empty for a moment. */
function createWithoutLinks(folder: Folder, name: string, text: string): number | null {
  let descriptor: number;
  try {
    descriptor = openSync(folder.at(name), NEW, 0o666);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
  try {
    writeSync(descriptor, text);
    return descriptor;
  } catch (error) {
    // An empty one, for example on a full disk, would make the next run wait.
    closeSync(descriptor);
    unlinkSync(folder.at(name));
    throw error;
  }
}

/** Null if it is gone. Throws a `disk` failure if it is not a lock. */
function look(folder: Folder, name: string): Seen | null {
  const stats = folder.look(name);
  if (stats === null) return null;
  if (!stats.isFile() || stats.size > MAX_LOCK_BYTES) throw notALock(folder, name);
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
    const text = readFileSync(file.descriptor, 'utf8');
    const { ino, mtimeNs } = file.stats;
    return { owner: text === '' ? null : ownerOf(text, folder, name), inode: ino, touched: mtimeNs };
  } finally {
    closeSync(file.descriptor);
  }
}

function ownerOf(text: string, folder: Folder, name: string): Owner {
  try {
    const owner = JSON.parse(text) as Owner;
    if (owner.lock === 1 && Number.isInteger(owner.pid)) return owner;
  } catch {
    // A foreign text file.
  }
  throw notALock(folder, name);
}

async function isStale(folder: Folder, name: string, seen: Seen, hooks: LockHooks): Promise<boolean> {
  const { owner } = seen;
  if (owner !== null && owner.system === thisSystem()) {
    if (!isAlive(owner.pid)) return true;
    if (owner.started !== null) return owner.started !== startOf(owner.pid);
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
  const aside = passingName();
  try {
    if (folder.look(name)?.ino !== seen.inode) return;
    renameSync(folder.at(name), folder.at(aside));
    if (folder.look(aside)?.ino !== seen.inode) linkSync(folder.at(aside), folder.at(name));
    unlinkSync(folder.at(aside));
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function touch(descriptor: number): void {
  const now = Date.now() / 1_000;
  try {
    futimesSync(descriptor, now, now);
  } catch {
    // A failing disk shows itself where data is written.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Process numbers are valid in one namespace of one boot; on other systems only the machine has a name. */
function thisSystem(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** Clock ticks from the boot to the start of the process; null if unknown, if the process is gone, or if only its number is left. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function held(folder: Folder, name: string, owner: Owner | null): Failure {
  const who = owner === null ? 'another run of unchoke' : `another run of unchoke (process ${owner.pid})`;
  return new Failure(
    'disk',
    `${folder.path}/${name}: ${who} is downloading to this place; wait until it ends, or choose another folder with --output`,
  );
}

function notALock(folder: Folder, name: string): Failure {
  return new Failure('disk', `${folder.path}/${name}: not a lock of unchoke; move it away`);
}
