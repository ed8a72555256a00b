/**
 * A torrent's bytes over its files: positional reads and writes that cross from one file into the next. Files must
 * exist; a few stay open, the one longest unused is closed for the next.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { OPEN_FILES_PER_HASHER, WRITE_CHUNK_BYTES } from '../shared/limits.ts';
import type { DiskFault, StoredFile } from '../shared/messages.ts';

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

export class FileSpans {
  readonly #files: readonly StoredFile[];
  /** Never through a symbolic link: a download must not write outside its folder. */
  readonly #noFollow: number;
  /** Open descriptors by file and access; a Map remembers the order of use. */
  readonly #open = new Map<string, number>();

  constructor(files: readonly StoredFile[], followLinks: boolean) {
    this.#noFollow = followLinks ? 0 : constants.O_NOFOLLOW;
    this.#files = files.filter((file) => file.length > 0);
  }

  /** Writes all of `bytes` at `offset` of the torrent. Throws DiskError. */
  write(offset: number, bytes: Uint8Array): void {
    this.#each(offset, bytes, (file, at, part) => {
      attempt(file, 'write', () => {
        const descriptor = this.#descriptor(file, 'write');
        for (let done = 0; done < part.length; ) {
          const count = Math.min(WRITE_CHUNK_BYTES, part.length - done);
          done += writeSync(descriptor, part, done, count, at + done);
        }
      });
      return true;
    });
  }

  /** Fills `bytes` from `offset` of the torrent. False where a file is absent or ends too early. Throws DiskError. */
  read(offset: number, bytes: Uint8Array): boolean {
    return this.#each(offset, bytes, (file, at, part) =>
      attempt(file, 'read', () => {
        const descriptor = this.#readable(file);
        if (descriptor === null) return false;
        for (let done = 0; done < part.length; ) {
          const count = readSync(descriptor, part, done, part.length - done, at + done);
          if (count === 0) return false;
          done += count;
        }
        return true;
      }),
    );
  }

  /** Calls `visit` for each file that the bytes touch, until it returns false. */
  #each(
    offset: number,
    bytes: Uint8Array,
    visit: (file: StoredFile, at: number, part: Uint8Array) => boolean,
  ): boolean {
    let done = 0;
    for (let i = this.#fileAt(offset); done < bytes.length; i++) {
      const file = this.#files[i];
      if (file === undefined) throw new RangeError(`byte ${offset + done} is behind the last file`);
      const at = offset + done - file.offset;
      const count = Math.min(file.length - at, bytes.length - done);
      if (!visit(file, at, bytes.subarray(done, done + count))) return false;
      done += count;
    }
    return true;
  }

  /** The file that holds the byte at `offset`: a binary search, for torrents with many thousands of files. */
  #fileAt(offset: number): number {
    let low = 0;
    let high = this.#files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#files[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #readable(file: StoredFile): number | null {
    try {
      return this.#descriptor(file, 'read');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #descriptor(file: StoredFile, access: Access): number {
    const key = `${access} ${file.path}`;
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    if (this.#open.size >= OPEN_FILES_PER_HASHER) {
      const [oldest, descriptor] = this.#open.entries().next().value as [string, number];
      this.#open.delete(oldest);
      closeSync(descriptor);
    }
    const flags = (access === 'read' ? constants.O_RDONLY : constants.O_WRONLY) | this.#noFollow;
    const descriptor = openSync(file.path, flags);
    this.#open.set(key, descriptor);
    return descriptor;
  }
}

function attempt<Result>(file: StoredFile, operation: Access, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new DiskError({ code, path: file.path, operation }, error);
  }
}
