/** The place of a download: its output folder, kept open for the whole run and locked against other processes. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import type { FileSystem } from '../../shared/file-system.ts';
import { Folder } from '../../shared/folder.ts';
import { Failure } from '../failure.ts';
import { makingFailure } from '../files/disk-failure.ts';
import { userFolder } from '../files/user-folders.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import type { Fence } from './lock-owner.ts';
import { journalName } from './names/name-beside.ts';
import { type LockHooks, OutputLock } from './output-lock.ts';
import { takenOver } from './place-in-use.ts';
import type { StoragePlan } from './storage-plan.ts';

/** The lock of a place. */
interface Held {
  release(): void;
  isOurs(): boolean;
}

/** Without write permission no lock is needed: complete data there is fine. */
const NO_LOCK: Held = { release: () => {}, isOurs: () => true };

export class OutputPlace {
  readonly plan: StoragePlan;
  readonly root: Folder;
  readonly world: MainWorld;
  readonly #lock: Held;
  /** Another process took over the place, for example because this one was suspended for a long time. */
  onLost: (error: Failure) => void = () => {};

  private constructor(plan: StoragePlan, root: Folder, world: MainWorld, lock: Held) {
    this.plan = plan;
    this.root = root;
    this.world = world;
    this.#lock = lock;
  }

  /**
   * Creates the folder if it is missing. `fence`: of a job of a queue. `lockFiles`: for the lock, if the files of `world` refuse to
   * write at some time. Rejects with a `disk` failure.
   */
  static async take(
    plan: StoragePlan,
    {
      signal,
      onNews,
      fence = null,
    }: {
      readonly signal: AbortSignal;
      readonly onNews: (text: string) => void;
      readonly fence?: Fence | null;
    },
    world: MainWorld = SYSTEM_MAIN,
    lockFiles: FileSystem = world.files,
  ): Promise<OutputPlace> {
    const { files } = world;
    makeOutputFolder(plan.folder, files);
    const root = attempt(plan.folder, () => Folder.open(plan.folder, files));
    let place: OutputPlace | null = null;
    const hooks: LockHooks = {
      wait: (ms) => waited(world, ms, signal),
      onWait: onNews,
      onLost: (error) => place?.onLost(error),
    };
    try {
      const name = `${journalName(plan.root)}.lock`;
      const lock = await locked(new Folder(root, lockFiles), name, hooks, world, fence);
      place = new OutputPlace(plan, root, world, lock);
      return place;
    } catch (error) {
      root.close();
      throw error;
    }
  }

  /** Throws a `disk` failure if the folder at its path is not the one that was written to, or if another run has the place. */
  assertThere(): void {
    this.assertOurs();
    if (this.root.isAt(this.plan.folder)) return;
    throw new Failure(
      'disk',
      `${this.plan.folder}: was moved during the download; the files are in its new place`,
    );
  }

  /** Throws a `disk` failure if another run has taken over the place. */
  assertOurs(): void {
    if (this.#lock.isOurs()) return;
    throw takenOver(this.plan.root);
  }

  release(): void {
    this.#lock.release();
    this.root.close();
  }
}

async function locked(
  root: Folder,
  name: string,
  hooks: LockHooks,
  world: MainWorld,
  fence: Fence | null,
): Promise<Held> {
  try {
    return await OutputLock.take(root, name, hooks, world, fence);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isForUser(error)) throw error;
    return code === 'EACCES' ? lockedElsewhere(root, name, hooks, world) : NO_LOCK;
  }
}

/**
 * Existing files may be writable in a folder where no file can be created. Then the lock is in the user's own folder, and keeps
 * only this user's runs apart.
 */
async function lockedElsewhere(
  root: Folder,
  name: string,
  hooks: LockHooks,
  world: MainWorld,
): Promise<Held> {
  const { files } = world;
  const path = join(userFolder('state'), 'locks');
  let folder: Folder | null = null;
  try {
    // Without permission to enter the folder this fails as well.
    const stats = files.stat(root.at('.'));
    const place = createHash('sha256').update(`${stats?.dev} ${stats?.ino} ${name}`).digest('hex');
    files.mkdir(path, { recursive: true, mode: 0o700 });
    const held = Folder.open(path, files);
    folder = held;
    const lock = await OutputLock.take(held, `${place}.lock`, hooks, world);
    return {
      isOurs: () => lock.isOurs(),
      release: () => {
        lock.release();
        held.close();
      },
    };
  } catch (error) {
    folder?.close();
    if (isForUser(error)) throw error;
    return NO_LOCK;
  }
}

function isForUser(error: unknown): boolean {
  return error instanceof Failure || (error as NodeJS.ErrnoException).code === 'ABORT_ERR';
}

/** Node's recursive mkdir reports every error as ENOENT, so the last step is done separately. */
function makeOutputFolder(path: string, files: FileSystem): void {
  const named = attempt(path, () => files.lstat(diskPath(path)));
  if (named?.isSymbolicLink() === true && !leadsSomewhere(path, files))
    throw new Failure('disk', `${path}: a symbolic link to a folder that does not exist; create that folder`);
  if (named !== null) return;
  if (dirname(path) !== path) makeOutputFolder(dirname(path), files);
  attempt(path, () => {
    try {
      files.mkdir(diskPath(path));
    } catch (error) {
      // Another process may create the same folder at the same moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  });
}

function leadsSomewhere(path: string, files: FileSystem): boolean {
  try {
    return files.stat(diskPath(path)) !== null;
  } catch {
    return false;
  }
}

/** Rejects if the signal aborts. */
function waited({ later }: MainWorld, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(Object.assign(new Error('the wait was given up'), { code: 'ABORT_ERR' }));
    };
    const cancel = later(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw makingFailure(error, path);
  }
}
