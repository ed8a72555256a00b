/**
 * A torrent's bytes over its files: positional reads and writes that cross from one file into the next. Files must
 * exist; a few stay open, the one longest unused is closed for the next.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { diskPath } from '../shared/byte-name.ts';
import type { DiskFault, HasherSetup } from '../shared/messages.ts';
import { WriteSize } from './write-size.ts';

/** A file operation failed. Crosses no thread: its fault does. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly fault: DiskFault;

  constructor(fault: DiskFault, cause: unknown) {
    super(`${fault.operation} ${fault.path}: ${fault.code}`, { cause });
    this.fault = fault;
  }
}

type Access = 'read' | 'write';

/** A stretch of the torrent's bytes: in a file, or (path null) padding. What lies in no stretch is not kept. */
interface Stretch {
  readonly path: string | null;
  readonly offset: number;
  readonly length: number;
}

type FileSpansSetup = Pick<HasherSetup, 'files' | 'padding' | 'openFiles' | 'followLinks'>;

export class FileSpans {
  readonly #stretches: readonly Stretch[];
  /** Never through a symbolic link: a download must not write outside its folder. */
  readonly #noFollow: number;
  readonly #mostOpen: number;
  readonly #writeSize = new WriteSize();
  /** Open descriptors by file and access; a Map remembers the order of use. */
  readonly #open = new Map<string, number>();

  constructor({ files, padding, openFiles, followLinks }: FileSpansSetup) {
    this.#noFollow = followLinks === true ? 0 : constants.O_NOFOLLOW;
    this.#mostOpen = openFiles;
    const zeros = padding.map((pad) => ({ ...pad, path: null }));
    this.#stretches = [...files, ...zeros]
      .filter(({ length }) => length > 0)
      .sort((a, b) => a.offset - b.offset);
  }

  /** Bytes in one write call, as they cost least here so far. */
  get writeBytes(): number {
    return this.#writeSize.best;
  }

  /** Writes all of `bytes` at `offset` of the torrent, as far as files of ours take it. Throws DiskError. */
  write(offset: number, bytes: Uint8Array): void {
    this.#each(offset, bytes, (path, at, part) => {
      if (path !== null) this.#writePart(path, at, part);
      return true;
    });
  }

  /**
   * Fills `bytes` from `offset` of the torrent. False where a file is absent or ends too early, or where bytes belong to no
   * file of ours. Throws DiskError.
   */
  read(offset: number, bytes: Uint8Array): boolean {
    let covered = 0;
    const whole = this.#each(offset, bytes, (path, at, part) => {
      covered += part.length;
      if (path !== null) return this.#readPart(path, at, part);
      part.fill(0);
      return true;
    });
    return whole && covered === bytes.length;
  }

  #writePart(path: string, at: number, part: Uint8Array): void {
    attempt(path, 'write', () => {
      const descriptor = this.#descriptor(path, 'write');
      const size = this.#writeSize.next();
      const begun = process.hrtime.bigint();
      for (let done = 0; done < part.length; ) {
        const count = Math.min(size, part.length - done);
        done += writeSync(descriptor, part, done, count, at + done);
      }
      this.#writeSize.note(size, part.length, Number(process.hrtime.bigint() - begun));
    });
  }

  #readPart(path: string, at: number, part: Uint8Array): boolean {
    return attempt(path, 'read', () => {
      const descriptor = this.#readable(path);
      if (descriptor === null) return false;
      for (let done = 0; done < part.length; ) {
        const count = readSync(descriptor, part, done, part.length - done, at + done);
        if (count === 0) return false;
        done += count;
      }
      return true;
    });
  }

  /** Calls `visit` for each stretch that the bytes touch, until it returns false. */
  #each(
    offset: number,
    bytes: Uint8Array,
    visit: (path: string | null, at: number, part: Uint8Array) => boolean,
  ): boolean {
    const end = offset + bytes.length;
    for (let i = this.#stretchAt(offset); i < this.#stretches.length; i++) {
      const stretch = this.#stretches[i] as Stretch;
      if (stretch.offset >= end) break;
      const from = Math.max(offset, stretch.offset);
      const to = Math.min(end, stretch.offset + stretch.length);
      if (from >= to) continue;
      if (!visit(stretch.path, from - stretch.offset, bytes.subarray(from - offset, to - offset)))
        return false;
    }
    return true;
  }

  /** The last stretch that begins at or before `offset`: a binary search, for torrents with many thousands of files. */
  #stretchAt(offset: number): number {
    let low = 0;
    let high = this.#stretches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#stretches[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #readable(path: string): number | null {
    try {
      return this.#descriptor(path, 'read');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #descriptor(path: string, access: Access): number {
    const key = `${access} ${path}`;
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    while (this.#open.size >= this.#mostOpen) this.#closeOldest();
    const flags = (access === 'read' ? constants.O_RDONLY : constants.O_WRONLY) | this.#noFollow;
    const descriptor = this.#openOrMakeRoom(path, flags);
    this.#open.set(key, descriptor);
    return descriptor;
  }

  /** Sockets may have taken what descriptors there are: then one of our files makes room for the other. */
  #openOrMakeRoom(path: string, flags: number): number {
    for (;;) {
      try {
        return openSync(diskPath(path), flags);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== 'EMFILE' && code !== 'ENFILE') || this.#open.size === 0) throw error;
        this.#closeOldest();
      }
    }
  }

  #closeOldest(): void {
    const [oldest, descriptor] = this.#open.entries().next().value as [string, number];
    this.#open.delete(oldest);
    closeSync(descriptor);
  }
}

function attempt<Result>(path: string, operation: Access, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new DiskError({ code, path, operation }, error);
  }
}
