/** A folder in which torrents are dropped: which of its files are whole, and where they go afterwards. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { diskPath, nameOfBytes } from '../../../shared/byte-name.ts';
import { SYSTEM_FILES } from '../../../shared/file-system.ts';
import { DROP_GIVE_UP_MS, DROP_SETTLE_MS, MAX_MAGNET_FILE_BYTES } from '../../../shared/limits.ts';
import { Failure } from '../../failure.ts';
import { diskFailure } from '../../files/disk-failure.ts';
import { renameNew } from '../../files/rename-new.ts';
import { loadTorrent } from '../../torrent/load.ts';

export interface Dropped {
  readonly name: string;
  /** For `get`: the path of a .torrent file, or a magnet link. */
  readonly source: string;
  /** Null if this file was not tried before. */
  readonly earlier: EarlierTries | null;
}

/** Tries of one file that failed. */
export interface EarlierTries {
  /** The number of the file among all that were tried. */
  readonly number: number;
  /** How many failed in a row. */
  readonly failures: number;
  /** Of the last one: a word that changes only with the reason. */
  readonly reason: string;
}

interface Seen {
  /** Size and times: while they change, somebody writes it. */
  readonly stamp: string;
  readonly since: number;
  /** It pauses until then. */
  readonly pause?: { readonly until: number; readonly earlier: EarlierTries };
}

export class DropFolder {
  readonly #path: string;
  readonly #seen = new Map<string, Seen>();
  readonly #taken = new Set<string>();

  /** Throws a `usage` failure if there is no such folder. */
  constructor(path: string) {
    this.#path = path;
    const stats = lstatSync(diskPath(join(path, '.')), { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true) throw new Failure('usage', `${path}: ${this.#whyNot()}`);
  }

  /** A path with a slash at its end is no path to a file. */
  #whyNot(): string {
    const there = statSync(diskPath(this.#path.replace(/\/+$/, '')), { throwIfNoEntry: false });
    return there === undefined
      ? 'there is no such folder; make it first'
      : 'it is not a folder; give the folder to watch, or use unchoke get for one source';
  }

  /**
   * The files that are whole and were not returned before, and those whose pause is over. A file is whole when it has not changed
   * for a while and can be read as a torrent; one that cannot be read is returned after a minute. Throws a `disk` failure. `now`:
   * milliseconds.
   */
  look(now: number): Dropped[] {
    const names = this.#names();
    for (const name of this.#seen.keys()) if (!names.includes(name)) this.#seen.delete(name);
    return names.flatMap((name) => {
      if (this.#taken.has(name)) return [];
      const stamp = this.#stampOf(name);
      if (stamp === null) return [];
      const seen = this.#seen.get(name);
      if (seen?.stamp !== stamp) this.#seen.set(name, { stamp, since: now });
      const unchangedMs = seen?.stamp === stamp ? now - seen.since : 0;
      if (unchangedMs < DROP_SETTLE_MS) return [];
      const pause = this.#seen.get(name)?.pause;
      if (pause !== undefined && now < pause.until) return [];
      const source = this.#sourceOf(name);
      if (source === null && unchangedMs < DROP_GIVE_UP_MS) return [];
      this.#taken.add(name);
      return [{ name, source: source ?? join(this.#path, name), earlier: pause?.earlier ?? null }];
    });
  }

  /** It was fetched (`done`), or could not be (`failed`): it goes to that folder, with a text that says why. Throws a `disk` failure. */
  move(name: string, to: 'done' | 'failed', reason: string | null = null): void {
    const folder = join(this.#path, to);
    try {
      mkdirSync(diskPath(folder), { recursive: true });
      const moved = this.#moved(name, folder);
      if (moved !== null && reason !== null)
        writeFileSync(diskPath(join(folder, `${moved}.txt`)), `${reason}\n`);
    } catch (error) {
      throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), folder, error);
    }
    this.forget(name);
  }

  /** It stays in the folder and may be returned again. */
  forget(name: string): void {
    this.#taken.delete(name);
    this.#seen.delete(name);
  }

  /** It stays in the folder and is returned again at `until`, unless it is removed or another file takes its name: a new file is new. */
  postpone(name: string, until: number, earlier: EarlierTries): void {
    const seen = this.#seen.get(name);
    this.#taken.delete(name);
    if (seen !== undefined) this.#seen.set(name, { ...seen, pause: { until, earlier } });
  }

  /** It is the file that `look` returned: not removed, not replaced. */
  isUnchanged(name: string): boolean {
    const stamp = this.#stampOf(name);
    return stamp !== null && stamp === this.#seen.get(name)?.stamp;
  }

  /** Null if there is no such file, or if it cannot be looked at, as on a share that is away. */
  #stampOf(name: string): string | null {
    try {
      const stats = lstatSync(diskPath(join(this.#path, name)));
      return stats.isDirectory() ? null : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    } catch {
      return null;
    }
  }

  #names(): string[] {
    try {
      return readdirSync(diskPath(this.#path), { encoding: 'buffer' })
        .map(nameOfBytes)
        .filter((name) => /\.(?:torrent|magnet)$/i.test(name))
        .sort();
    } catch (error) {
      throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), this.#path, error);
    }
  }

  /** Null if it is not whole. */
  #sourceOf(name: string): string | null {
    const path = join(this.#path, name);
    try {
      if (extname(name).toLowerCase() === '.torrent') {
        loadTorrent(path);
        return path;
      }
      const bytes = readFileSync(diskPath(path)).subarray(0, MAX_MAGNET_FILE_BYTES);
      const line = bytes.toString('utf8').trim().split('\n')[0] ?? '';
      return /^magnet:\?/i.test(line) ? line.trim() : null;
    } catch {
      return null;
    }
  }

  /** Never replaces a file: a second one of the name gets a number. Null if it is gone. */
  #moved(name: string, folder: string): string | null {
    const extension = extname(name);
    for (let n = 1; ; n++) {
      const to = n === 1 ? name : `${name.slice(0, name.length - extension.length)}-${n}${extension}`;
      try {
        renameNew(SYSTEM_FILES, diskPath(join(this.#path, name)), diskPath(join(folder, to)));
        return to;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return null;
        if (code !== 'EEXIST') throw error;
      }
    }
  }
}
