/**
 * A small file about a torrent in the state folder of the user: without it some work is done again, so no error of it ends a run. It is
 * written as a whole, and those that no run has used for long are removed.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { assertCannotFlush, type DiskPath, type FileSystem, writeFirst } from '../../shared/file-system.ts';
import { STATE_FILE_KEPT_MS } from '../../shared/limits.ts';
import { userFolder } from '../files/user-folders.ts';

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** Ours, or what a run that was killed left of one. */
const NAME = /^[0-9a-f]{40,64}\.[a-z0-9]+(\.[0-9a-f]{16})?$/;

export class StateFile {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #path: string;
  /** One after the other, so that the last one counts. Never rejects. */
  #writing: Promise<void> = Promise.resolve();
  /** The time of the calendar when this run wrote it; null if it did not. */
  #writtenAt: number | null = null;

  /** `kind`: the folder; `ending`: of the name, without a dot. */
  constructor(kind: string, infoHash: Uint8Array, ending: string, files: FileSystem) {
    this.#files = files;
    this.#folder = join(userFolder('state'), kind);
    this.#path = join(this.#folder, `${Buffer.from(infoHash).toString('hex')}.${ending}`);
  }

  /** Null if there is none that can be used. */
  read(maxBytes: number): Buffer | null {
    return this.#opened((descriptor) => {
      const stats = this.#files.fstat(descriptor);
      return stats.isFile() && stats.size <= maxBytes ? this.#files.readWhole(descriptor) : null;
    });
  }

  /** Resolves when it is on the disk for good: a journal may claim something because of it. Does nothing without permission. */
  write(bytes: Uint8Array): Promise<void> {
    this.#writing = this.#writing.then(() => this.#replace(bytes)).catch(() => {});
    return this.#writing;
  }

  remove(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#remove(diskPath(this.#path)));
    return this.#writing;
  }

  /** The end of a run. If it has written the file, old ones are removed; else the file counts as new if it was used. Never rejects. */
  async close(isUsed: boolean): Promise<void> {
    if (this.#writtenAt !== null) await this.#removeOld(this.#writtenAt);
    else if (isUsed) this.#opened((descriptor) => this.#files.touch(descriptor));
  }

  async #replace(bytes: Uint8Array): Promise<void> {
    this.#files.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const fresh = diskPath(`${this.#path}.${randomBytes(8).toString('hex')}`);
    const descriptor = this.#files.open(fresh, NEW, 0o600);
    try {
      try {
        writeFirst(this.#files, descriptor, bytes);
        this.#writtenAt = this.#files.touch(descriptor);
        await this.#files.slow.fsync(descriptor).catch(assertCannotFlush);
      } finally {
        this.#files.close(descriptor);
      }
      this.#files.rename(fresh, diskPath(this.#path));
    } catch (error) {
      this.#files.unlink(fresh);
      throw error;
    }
  }

  /** Null if it cannot be opened or used. */
  #opened<Result>(use: (descriptor: number) => Result): Result | null {
    try {
      const descriptor = this.#files.open(diskPath(this.#path), constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return use(descriptor);
      } finally {
        this.#files.close(descriptor);
      }
    } catch {
      return null;
    }
  }

  async #removeOld(now: number): Promise<void> {
    const names = await this.#files.slow.readdir(diskPath(this.#folder)).catch(() => []);
    for (const name of names.filter((one) => NAME.test(one))) {
      const path = diskPath(join(this.#folder, name));
      const stats = await this.#files.slow.lstat(path).catch(() => null);
      const isOld = stats !== null && now - Number(stats.mtimeNs / 1_000_000n) > STATE_FILE_KEPT_MS;
      if (isOld && stats.isFile()) this.#remove(path);
    }
  }

  #remove(path: DiskPath): void {
    try {
      this.#files.unlink(path);
    } catch {}
  }
}
