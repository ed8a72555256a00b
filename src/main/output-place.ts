/** The place that a download writes to: its output folder, held for the whole run, and locked against other processes. */
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskPath } from '../shared/byte-name.ts';
import { Folder } from '../shared/folder.ts';
import { diskFailure } from './disk-failure.ts';
import { Failure } from './failure.ts';
import { journalName } from './journal.ts';
import { OutputLock } from './output-lock.ts';
import type { StoragePlan } from './storage.ts';

export class OutputPlace {
  readonly plan: StoragePlan;
  readonly root: Folder;
  readonly #lock: OutputLock | null;
  /** Another process took the place over, as where this one was suspended for long. */
  onLost: (error: Failure) => void = () => {};

  private constructor(plan: StoragePlan, root: Folder, lock: OutputLock | null) {
    this.plan = plan;
    this.root = root;
    this.#lock = lock;
  }

  /** Makes the folder where it is missing. Rejects with a `disk` failure. */
  static async take(
    plan: StoragePlan,
    hooks: { readonly signal: AbortSignal; readonly onNews: (text: string) => void },
  ): Promise<OutputPlace> {
    makeOutputFolder(plan.folder);
    const root = attempt(plan.folder, () => Folder.open(plan.folder));
    let place: OutputPlace | null = null;
    try {
      const lock = await OutputLock.take(root, `${journalName(plan)}.lock`, {
        wait: (ms) => sleep(ms, undefined, { signal: hooks.signal }),
        onWait: hooks.onNews,
        onLost: (error) => place?.onLost(error),
      }).catch((error: unknown) => withoutLock(error));
      place = new OutputPlace(plan, root, lock);
      return place;
    } catch (error) {
      root.close();
      throw error;
    }
  }

  /** Throws a `disk` failure where the folder that was written to is not the one at its path any more. */
  assertThere(): void {
    if (this.root.isAt(this.plan.folder)) return;
    throw new Failure(
      'disk',
      `${this.plan.folder}: was moved away while files were downloaded into it; they are where it is now`,
    );
  }

  release(): void {
    this.#lock?.release();
    this.root.close();
  }
}

/** Where nothing can be written, there is nothing to keep apart: data that is complete there is fine. */
function withoutLock(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof Failure || code === 'ABORT_ERR') throw error;
  return null;
}

/** Node's recursive mkdir calls every trouble ENOENT, so the last step is made by itself. */
function makeOutputFolder(path: string): void {
  if (attempt(path, () => lstatSync(diskPath(path), { throwIfNoEntry: false })) !== undefined) return;
  if (dirname(path) !== path) makeOutputFolder(dirname(path));
  attempt(path, () => {
    try {
      mkdirSync(diskPath(path));
    } catch (error) {
      // Another process may make the same folder at the same moment.
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
