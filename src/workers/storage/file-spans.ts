/**
 * A torrent's bytes over its files: positional reads and writes that cross from one file into the next. Files must
 * exist; a few stay open, the one longest unused is closed for the next.
 */
import { closeSync, constants, readSync, writeSync } from 'node:fs';
import { WRITE_CHUNK_BYTES } from '../../shared/limits.ts';
import { STANDING, type Standing } from '../../shared/standing.ts';
import type { DiskFault, HasherSetup } from '../../shared/storage-messages.ts';
import { FileOpener } from './file-opener.ts';
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

/** A stretch of the torrent's bytes: in a file of the plan, or (file null) padding. What lies in no stretch is not kept. */
interface Stretch {
  readonly file: number | null;
  readonly offset: number;
  readonly length: number;
}

type FileSpansSetup = Pick<HasherSetup, 'files' | 'padding' | 'openFiles' | 'followLinks' | 'place'>;

export class FileSpans {
  readonly #stretches: readonly Stretch[];
  readonly #files: HasherSetup['files'];
  readonly #opener: FileOpener;
  readonly #mostOpen: number;
  readonly #writeSize = new WriteSize();
  /** Open descriptors by file, each for one way of access; a Map remembers the order of use. */
  readonly #open = new Map<number, number>();
  /** Where bytes are compared with what is there. */
  readonly #scratch = Buffer.allocUnsafeSlow(WRITE_CHUNK_BYTES);

  constructor(setup: FileSpansSetup) {
    this.#files = setup.files;
    this.#opener = new FileOpener(setup);
    this.#mostOpen = setup.openFiles;
    const stretches = setup.files.map(({ offset, length }, file) => ({ file, offset, length }));
    const zeros = setup.padding.map((pad) => ({ ...pad, file: null }));
    this.#stretches = [...stretches, ...zeros]
      .filter(({ length }) => length > 0)
      .sort((a, b) => a.offset - b.offset);
  }

  /** Bytes in one write call, as they cost least here so far. */
  get writeBytes(): number {
    return this.#writeSize.best;
  }

  /**
   * Writes all of `bytes` at `offset` of the torrent, as far as files of ours take it. Returns the guarded files that have
   * other bytes there: those are left as they are. Throws DiskError.
   */
  write(offset: number, bytes: Uint8Array): number[] {
    const withheld: number[] = [];
    this.#each(offset, bytes, (file, at, part) => {
      if (file === null) return true;
      const standing = this.#opener.standingOf(file);
      const isShared = part.length < bytes.length;
      if (!isCompared(standing, isShared) || !this.#has(file, at, part)) {
        if (standing === STANDING.guarded) withheld.push(file);
        else this.#writePart(file, at, part);
      }
      return true;
    });
    return withheld;
  }

  /**
   * Fills `bytes` from `offset` of the torrent. False where a file is absent or ends too early, or where bytes belong to no
   * file of ours. Throws DiskError.
   */
  read(offset: number, bytes: Uint8Array): boolean {
    let covered = 0;
    const whole = this.#each(offset, bytes, (file, at, part) => {
      covered += part.length;
      if (file !== null) return this.#readPart(file, at, part);
      part.fill(0);
      return true;
    });
    return whole && covered === bytes.length;
  }

  /** Whether the file has nothing but zeros between these places; what is not there counts as zeros. Throws DiskError. */
  isBlank(file: number, from: number, to: number): boolean {
    const chunk = this.#scratch;
    for (let at = from; at < to; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, to - at)).fill(0);
      const whole = this.#readPart(file, at, part);
      // Its first byte is zero, and each is like the one before it.
      if (part[0] !== 0 || !part.subarray(1).equals(part.subarray(0, -1))) return false;
      if (!whole) return true;
    }
    return true;
  }

  /** Whether these very bytes are there already. */
  #has(file: number, at: number, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length; done += WRITE_CHUNK_BYTES) {
      const part = bytes.subarray(done, done + WRITE_CHUNK_BYTES);
      const there = this.#scratch.subarray(0, part.length);
      if (!this.#readPart(file, at + done, there) || !there.equals(part)) return false;
    }
    return true;
  }

  #writePart(file: number, at: number, part: Uint8Array): void {
    try {
      const descriptor = this.#descriptor(file, 'write');
      const size = this.#writeSize.next();
      const begun = performance.now();
      for (let done = 0; done < part.length; ) {
        const count = Math.min(size, part.length - done);
        done += writeSync(descriptor, part, done, count, at + done);
      }
      this.#writeSize.note(size, part.length, (performance.now() - begun) * 1e6);
    } catch (error) {
      throw this.#diskError(error, file, 'write');
    }
  }

  #readPart(file: number, at: number, part: Uint8Array): boolean {
    try {
      const descriptor = this.#readable(file);
      if (descriptor === null) return false;
      for (let done = 0; done < part.length; ) {
        const count = readSync(descriptor, part, done, part.length - done, at + done);
        if (count === 0) return false;
        done += count;
      }
      return true;
    } catch (error) {
      throw this.#diskError(error, file, 'read');
    }
  }

  /** Calls `visit` for each stretch that the bytes touch, until it returns false. */
  #each(
    offset: number,
    bytes: Uint8Array,
    visit: (file: number | null, at: number, part: Uint8Array) => boolean,
  ): boolean {
    const end = offset + bytes.length;
    for (let i = this.#stretchAt(offset); i < this.#stretches.length; i++) {
      const stretch = this.#stretches[i] as Stretch;
      if (stretch.offset >= end) break;
      const from = Math.max(offset, stretch.offset);
      const to = Math.min(end, stretch.offset + stretch.length);
      if (from >= to) continue;
      if (!visit(stretch.file, from - stretch.offset, bytes.subarray(from - offset, to - offset)))
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

  #readable(file: number): number | null {
    try {
      return this.#descriptor(file, 'read');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #descriptor(file: number, access: Access): number {
    const key = 2 * file + (access === 'write' ? 1 : 0);
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    while (this.#open.size >= this.#mostOpen) this.#closeOldest();
    const descriptor = this.#openOrMakeRoom(
      file,
      access === 'read' ? constants.O_RDONLY : constants.O_WRONLY,
    );
    this.#open.set(key, descriptor);
    return descriptor;
  }

  /** Sockets may have taken what descriptors there are: then one of our files makes room for the other. */
  #openOrMakeRoom(file: number, flags: number): number {
    for (;;) {
      try {
        return this.#opener.open(file, flags);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== 'EMFILE' && code !== 'ENFILE') || this.#open.size === 0) throw error;
        this.#closeOldest();
      }
    }
  }

  #closeOldest(): void {
    const [oldest, descriptor] = this.#open.entries().next().value as [number, number];
    this.#open.delete(oldest);
    closeSync(descriptor);
  }

  #diskError(error: unknown, file: number, operation: Access): DiskError {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return new DiskError({ code, path: this.#files[file]?.path ?? '', operation }, error);
  }
}

/** A file that was there keeps its times, and may be read-only, where a piece that it shares brings it nothing new. */
function isCompared(standing: Standing, isShared: boolean): boolean {
  return standing === STANDING.guarded || (standing === STANDING.there && isShared);
}
