/** Reads and writes a torrent's bytes in its files, also across the border of two files. Files must exist. */
import { createHash, hash } from 'node:crypto';
import type { TorrentId } from '../../shared/indices.ts';
import { Lease } from '../../shared/lease.ts';
import { WRITE_CHUNK_BYTES } from '../../shared/limits.ts';
import { STANDING, type Standing, Standings } from '../../shared/standing.ts';
import type {
  DiskFault,
  EdgeHash,
  LookedRange,
  SeenRange,
  StoredTorrentSetup,
} from '../../shared/storage-messages.ts';
import type { Access, TorrentFiles } from './disk.ts';
import { Stretches } from './stretches.ts';
import type { LostFile, ThreadFiles } from './thread-files.ts';

/** A file operation failed. Only its `fault` crosses the thread boundary. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly fault: DiskFault;

  constructor(fault: DiskFault, cause: unknown) {
    super(`${fault.operation} ${fault.path}: ${fault.code}`, { cause });
    this.fault = fault;
  }
}

type FileSpansSetup = Pick<StoredTorrentSetup, 'files' | 'padding' | 'followLinks' | 'place' | 'lease'>;

export class FileSpans {
  readonly #stretches: Stretches;
  readonly #files: StoredTorrentSetup['files'];
  readonly #standings: Standings | null;
  readonly #lease: Lease | null;
  readonly #thread: ThreadFiles;
  readonly #opener: TorrentFiles;
  /** The first part of the keys of its open files, by access. */
  readonly #keys: Readonly<Record<Access, string>>;

  constructor(torrent: TorrentId, setup: FileSpansSetup, thread: ThreadFiles) {
    this.#files = setup.files;
    this.#standings = setup.place === undefined ? null : new Standings(setup.place.standings);
    this.#lease = setup.lease === undefined ? null : new Lease(setup.lease);
    this.#thread = thread;
    this.#opener = thread.disk.filesOf(setup);
    this.#keys = { read: `${torrent} read `, write: `${torrent} write ` };
    this.#stretches = new Stretches(setup);
  }

  /** Bytes in one write call that are cheapest here so far. */
  get writeBytes(): number {
    return this.#thread.writeSize.best;
  }

  /** Closes its files. Returns the fault of one that could not be written. */
  close(): DiskFault | null {
    return this.#faultOf(this.#thread.release(this.#opener));
  }

  #faultOf(lost: LostFile | null): DiskFault | null {
    return lost && { code: lost.code, path: this.#files[lost.file]?.path ?? '', operation: 'close' };
  }

  /**
   * Writes `bytes` at `offset` of the torrent. A guarded file with other bytes there is not changed. Returns these files. Throws
   * DiskError.
   */
  write(offset: number, bytes: Uint8Array): number[] {
    const fault = this.#faultOf(this.#thread.lostOf(this.#opener));
    if (fault !== null) throw new DiskError(fault, null);
    const withheld: number[] = [];
    this.#stretches.each(offset, bytes, (file, at, part) => {
      if (file === null) return true;
      const standing = this.#standings?.get(file) ?? STANDING.ours;
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
   * Fills `bytes` from `offset` of the torrent. False if a file is absent or too short, or if some bytes belong to no file of the
   * plan. Throws DiskError.
   */
  read(offset: number, bytes: Uint8Array): boolean {
    let covered = 0;
    const whole = this.#stretches.each(offset, bytes, (file, at, part) => {
      covered += part.length;
      if (file !== null) return this.#readPart(file, at, part);
      part.fill(0);
      return true;
    });
    return whole && covered === bytes.length;
  }

  /** What the file holds in this range; bytes beyond its end count as zeros. Throws DiskError. */
  look({ file, from, to, digest }: LookedRange): SeenRange['state'] {
    const sha256 = digest === null ? null : createHash('sha256');
    const chunk = this.#thread.scratch;
    let isBlank = true;
    for (let at = from; at < to; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, to - at)).fill(0);
      const whole = this.#readPart(file, at, part);
      // The first byte is zero, and each byte is equal to the one before it.
      isBlank &&= part[0] === 0 && part.subarray(1).equals(part.subarray(0, -1));
      if (!whole) return isBlank ? 'blank' : 'other';
      if (sha256 === null && !isBlank) return 'other';
      sha256?.update(part);
    }
    if (sha256 !== null && sha256.digest('base64') === digest) return 'right';
    return isBlank ? 'blank' : 'other';
  }

  /** Of a right piece at `offset` of the torrent: its part in each file; none if all its bytes are in files or padding. */
  edges(offset: number, bytes: Uint8Array): EdgeHash[] {
    const parts = [...this.#stretches.of(offset, bytes.length)];
    if (parts.reduce((sum, { length }) => sum + length, 0) === bytes.length) return [];
    return parts
      .filter(({ file }) => file !== null)
      .map(({ from, length }) => ({
        from: offset + from,
        length,
        digest: hash('sha256', bytes.subarray(from, from + length), 'base64'),
      }));
  }

  /** Whether the file already has these bytes there. */
  #has(file: number, at: number, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length; done += WRITE_CHUNK_BYTES) {
      const part = bytes.subarray(done, done + WRITE_CHUNK_BYTES);
      const there = this.#thread.scratch.subarray(0, part.length);
      if (!this.#readPart(file, at + done, there) || !there.equals(part)) return false;
    }
    return true;
  }

  #writePart(file: number, at: number, part: Uint8Array): void {
    this.#attempt(file, 'write', () => {
      const { disk, writeSize } = this.#thread;
      const descriptor = this.#descriptor(file, 'write');
      const size = writeSize.next();
      const begun = disk.nanoseconds();
      for (let done = 0; done < part.length; ) {
        const count = Math.min(size, part.length - done);
        this.#lease?.assert();
        done += disk.write(descriptor, part, done, count, at + done);
      }
      writeSize.note(size, part.length, Number(disk.nanoseconds() - begun));
    });
  }

  #readPart(file: number, at: number, part: Uint8Array): boolean {
    return this.#attempt(file, 'read', () => {
      const descriptor = this.#readable(file);
      if (descriptor === null) return false;
      for (let done = 0; done < part.length; ) {
        const count = this.#thread.disk.read(descriptor, part, done, part.length - done, at + done);
        if (count === 0) return false;
        done += count;
      }
      return true;
    });
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
    return this.#thread.descriptor(`${this.#keys[access]}${file}`, this.#opener, file, access);
  }

  #attempt<Result>(file: number, operation: Access, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new DiskError({ code, path: this.#files[file]?.path ?? '', operation }, error);
    }
  }
}

/** A file that was there before the download keeps its times, and may be read-only, if a shared piece changes nothing in it. */
function isCompared(standing: Standing, isShared: boolean): boolean {
  return standing === STANDING.guarded || (standing === STANDING.there && isShared);
}
