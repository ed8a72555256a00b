/** A disk in memory for simulations. Files grow as they are written; a write may fail, or take less than it was given. */
import type { Disk, FilesSetup, TorrentFiles } from '../../src/workers/storage/disk.ts';

export interface DiskFaultPlan {
  /** How many writes succeed before it happens. */
  writes: number;
  /** `SHORT`: one write takes only a part. */
  readonly code: 'ENOSPC' | 'EIO' | 'SHORT';
}

export class FaultyDisk implements Disk {
  readonly files = new Map<string, Buffer>();
  readonly #open = new Map<number, string>();
  readonly #faults: DiskFaultPlan[] = [];
  #next = 100;
  /** Faults that happened. */
  fired = 0;

  plan(fault: DiskFaultPlan): void {
    this.#faults.push({ ...fault });
  }

  get openCount(): number {
    return this.#open.size;
  }

  filesOf({ files }: FilesSetup): TorrentFiles {
    return {
      open: (file) => {
        const { path = '', length = 0 } = files[file] ?? {};
        if (!this.files.has(path)) this.files.set(path, Buffer.alloc(length));
        this.#open.set(this.#next, path);
        this.#next += 1;
        return this.#next - 1;
      },
      release: () => {},
    };
  }

  close(descriptor: number): void {
    if (!this.#open.delete(descriptor)) throw new Error(`descriptor ${descriptor} is not open`);
  }

  read(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number {
    return this.#file(descriptor).copy(bytes, from, position, position + count);
  }

  write(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number {
    const due = this.#faults.findIndex((fault) => fault.writes-- <= 0);
    const [fault] = due < 0 ? [] : this.#faults.splice(due, 1);
    if (fault !== undefined) this.fired += 1;
    if (fault !== undefined && fault.code !== 'SHORT')
      throw Object.assign(new Error(fault.code), { code: fault.code });
    const taken = fault === undefined ? count : Math.ceil(count / 2);
    this.#file(descriptor).set(bytes.subarray(from, from + taken), position);
    return taken;
  }

  nanoseconds(): bigint {
    return 0n;
  }

  #file(descriptor: number): Buffer {
    const file = this.files.get(this.#open.get(descriptor) ?? '');
    if (file === undefined) throw Object.assign(new Error('EBADF'), { code: 'EBADF' });
    return file;
  }
}
