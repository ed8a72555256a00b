/** The place of a download: its output folder, kept open for the whole run and locked against other processes. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskPath } from '../../shared/byte-name.ts';
import { Folder } from '../../shared/folder.ts';
import { Failure } from '../failure.ts';
import { diskFailure } from '../files/disk-failure.ts';
import { journalName } from './journal.ts';
import { stateFolder } from './journal-key.ts';
import { type LockHooks, OutputLock } from './output-lock.ts';
import type { StoragePlan } from './storage-plan.ts';

export class OutputPlace {
  readonly plan: StoragePlan;
  readonly root: Folder;
  readonly #unlock: () => void;
  /** Another process took over the place, for example because this one was suspended for a long time. */
  onLost: (error: Failure) => void = () => {};

  private constructor(plan: StoragePlan, root: Folder, unlock: () => void) {
    this.plan = plan;
    this.root = root;
    this.#unlock = unlock;
  }

  /** Creates the folder if it is missing. Rejects with a `disk` failure. */
  static async take(
    plan: StoragePlan,
    hooks: { readonly signal: AbortSignal; readonly onNews: (text: string) => void },
  ): Promise<OutputPlace> {
    makeOutputFolder(plan.folder);
    const root = attempt(plan.folder, () => Folder.open(plan.folder));
    let place: OutputPlace | null = null;
    try {
      const unlock = await locked(root, `${journalName(plan)}.lock`, {
        wait: (ms) => sleep(ms, undefined, { signal: hooks.signal }),
        onWait: hooks.onNews,
        onLost: (error) => place?.onLost(error),
      });
      place = new OutputPlace(plan, root, unlock);
      return place;
    } catch (error) {
      root.close();
      throw error;
    }
  }

  /** Throws a `disk` failure if the folder at its path is not the one that was written to. */
  assertThere(): void {
    if (this.root.isAt(this.plan.folder)) return;
    throw new Failure(
      'disk',
      `${this.plan.folder}: was moved during the download; the files are in its new place`,
    );
  }

  release(): void {
    this.#unlock();
    this.root.close();
  }
}

/** Returns the function that releases the lock. Without write permission no lock is needed: complete data there is fine. */
async function locked(root: Folder, name: string, hooks: LockHooks): Promise<() => void> {
  try {
    const lock = await OutputLock.take(root, name, hooks);
    return () => lock.release();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isForUser(error)) throw error;
    return code === 'EACCES' ? lockedElsewhere(root, name, hooks) : () => {};
  }
}

/**
 * Existing files may be writable in a folder where no file can be created. Then the lock is in the user's own folder, and keeps
 * only this user's runs apart.
 */
async function lockedElsewhere(root: Folder, name: string, hooks: LockHooks): Promise<() => void> {
  const { dev, ino } = statSync(root.at('.'), { bigint: true });
  const place = createHash('sha256').update(`${dev} ${ino} ${name}`).digest('hex');
  const path = join(stateFolder(), 'locks');
  let folder: Folder | null = null;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const held = Folder.open(path);
    folder = held;
    const lock = await OutputLock.take(held, `${place}.lock`, hooks);
    return () => {
      lock.release();
      held.close();
    };
  } catch (error) {
    folder?.close();
    if (isForUser(error)) throw error;
    return () => {};
  }
}

function isForUser(error: unknown): boolean {
  return error instanceof Failure || (error as NodeJS.ErrnoException).code === 'ABORT_ERR';
}

/** Node's recursive mkdir reports every error as ENOENT, so the last step is done separately. */
function makeOutputFolder(path: string): void {
  const named = attempt(path, () => lstatSync(diskPath(path), { throwIfNoEntry: false }));
  if (named?.isSymbolicLink() === true && !existsSync(diskPath(path)))
    throw new Failure('disk', `${path}: a symbolic link to a folder that does not exist; create that folder`);
  if (named !== undefined) return;
  if (dirname(path) !== path) makeOutputFolder(dirname(path));
  attempt(path, () => {
    try {
      mkdirSync(diskPath(path));
    } catch (error) {
      // Another process may create the same folder at the same moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  });
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
}
