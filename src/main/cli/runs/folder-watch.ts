/**
 * Fetches each torrent that appears in a folder, a few at one time. One that fails in a way that may pass stays there and is tried
 * again, after a pause that grows; meanwhile its place is free for others.
 */
import { doubledPause } from '../../../shared/doubled-pause.ts';
import { DROP_LOOK_MS, DROP_RETRY_MAX_MS, DROP_RETRY_MS } from '../../../shared/limits.ts';
import { Failure } from '../../failure.ts';
import { formatTime } from '../../text/units.ts';
import type { Console } from '../output/console.ts';
import type { DropFolder, Dropped } from './drop-folder.ts';
import { diagnosesOf, FailedDownload, reasonLines } from './failed-download.ts';
import { mayPass } from './may-pass.ts';

export interface FolderWatchOptions {
  readonly drops: DropFolder;
  /** How many download at one time. */
  readonly parallel: number;
  readonly console: Console;
  /** Asks it to end in order. */
  readonly signal: AbortSignal;
  /** Downloads a source; resolves to the exit status, and rejects with a Failure for the user or with a bug of ours. */
  readonly fetch: (source: string, console: Console) => Promise<number>;
  /** After a bug: asks all downloads to end. */
  readonly stop: () => void;
  readonly time: WatchTime;
}

export interface WatchTime {
  /** Milliseconds. */
  readonly now: () => number;
  /** Resolves after this time, or when the signal aborts. */
  readonly after: (ms: number, signal: AbortSignal) => Promise<void>;
}

export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #waiting: Dropped[] = [];
  readonly #running = new Set<Promise<void>>();
  #count = 0;
  #bug: { readonly error: unknown } | null = null;
  #told = '';

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  /** Resolves when a signal has ended it and all of its downloads. Rejects with a bug. */
  async run(): Promise<void> {
    const { signal, parallel, time } = this.#options;
    while (!signal.aborted) {
      this.#look();
      while (this.#running.size < parallel) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        this.#start(next);
      }
      await time.after(DROP_LOOK_MS, signal);
    }
    await Promise.all(this.#running);
    if (this.#bug !== null) throw this.#bug.error;
  }

  /** A folder that cannot be read for a while, for example on a share, is looked at again. */
  #look(): void {
    const { drops, console, time } = this.#options;
    try {
      this.#waiting.push(...drops.look(time.now()));
      this.#told = '';
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.message !== this.#told) console.news(error.lines);
      this.#told = error.message;
    }
  }

  #start(dropped: Dropped): void {
    const { drops, stop } = this.#options;
    // It waited for a place, and is another file by now, or gone.
    if (!drops.isUnchanged(dropped.name)) return drops.forget(dropped.name);
    const work = this.#fetch(dropped)
      .catch((error: unknown) => {
        this.#bug ??= { error };
        stop();
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #fetch(dropped: Dropped): Promise<void> {
    const { drops, fetch } = this.#options;
    const { name, source, earlier } = dropped;
    if (earlier === null) this.#count += 1;
    const number = earlier?.number ?? this.#count;
    const console = this.#options.console.forSource(number);
    console.event({ type: 'source', number, source: name, of: this.#count });
    console.news(name);
    try {
      const status = await fetch(source, console);
      if (status !== 0 || !drops.isUnchanged(name)) drops.forget(name);
      else drops.move(name, 'done');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (mayPass(error)) this.#later(dropped, number, error, console);
      else this.#failed(name, error, console);
    }
  }

  /** `number`: of the file among all. */
  #later({ name, earlier }: Dropped, number: number, failure: Failure, console: Console): void {
    const { drops, signal, time } = this.#options;
    const diagnoses = diagnosesOf(failure);
    const reason = [failure.code, ...diagnoses.map(({ code }) => code)].join(' ');
    const failures = (hadPeers(failure) ? 0 : (earlier?.failures ?? 0)) + 1;
    const afterMs = doubledPause(DROP_RETRY_MS, failures, DROP_RETRY_MAX_MS);
    const isThere = drops.isUnchanged(name);
    if (isThere) drops.postpone(name, time.now() + afterMs, { number, failures, reason });
    else drops.forget(name);
    const isAgain = isThere && !signal.aborted;
    const { code, message, lines } = failure;
    const why = diagnoses[0]?.text ?? null;
    if (isAgain) console.event({ type: 'try-failed', code, message, why, failures, afterMs });
    else console.event({ type: 'error', code, message });
    const next = isAgain
      ? `next try in ${formatTime(afterMs)}`
      : isThere
        ? 'next try at the next start'
        : 'its file is gone, or was replaced';
    const whys = diagnoses.map(({ text }) => `why: ${text}`);
    const line = [`${name} is not complete: ${lines[0]}`, ...lines.slice(1), ...whys, next].join('; ');
    console.endProgress();
    // With --quiet a reason is told once, and not at each try.
    if (reason === earlier?.reason) console.news(line);
    else console.explain(line);
  }

  #failed(name: string, failure: Failure, console: Console): void {
    const { code, message, lines } = failure;
    const reasons = reasonLines(failure);
    console.endProgress();
    if (reasons.length > 0) console.explain(reasons);
    console.event({ type: 'error', code, message });
    console.error(lines);
    this.#moveFailed(name, [message, ...reasons].join('\n'), console);
  }

  /**
   * If it cannot even be moved, the folder is full or read-only: it stays, and is not tried again in this run. A file that took its
   * name is new.
   */
  #moveFailed(name: string, text: string, console: Console): void {
    const { drops } = this.#options;
    try {
      if (drops.isUnchanged(name)) drops.move(name, 'failed', text);
      else drops.forget(name);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      console.error(error.lines);
    }
  }
}

/** Data has arrived, so peers are not far. On a disk that is full, data arrives at each try. */
function hadPeers(failure: Failure): boolean {
  return failure instanceof FailedDownload && failure.code !== 'disk' && failure.downloadedBytes > 0;
}
