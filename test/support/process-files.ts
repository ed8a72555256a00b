/** The file system as a simulated process sees it: a disk that others see as well, and descriptors of its own. */
import { constants } from 'node:fs';
import type { DiskPath, FileStats, FileSystem } from '../../src/shared/file-system.ts';
import type { Roll } from './personas.ts';
import type { ProcessLoop } from './process-loop.ts';
import { elementsOf, isNew, systemError, type VirtualFiles } from './virtual-files.ts';
import type { VirtualInode } from './virtual-inode.ts';

const HELD = /^\/proc\/self\/fd\/(\d+)(?:\/|$)/;
const TYPE_OF_EXT4 = 0xef53;
/** A call that does not block takes up to so long; a flush longer. */
const SLOW_MS = 3;
const FLUSH_MS = 60;

export class ProcessFiles implements FileSystem {
  readonly #disk: VirtualFiles;
  readonly #loop: ProcessLoop;
  readonly #roll: Roll;
  readonly #open = new Map<number, VirtualInode>();
  /** Calls that are under way. */
  readonly #calls = new Set<() => unknown>();
  #next = 10;

  constructor(disk: VirtualFiles, loop: ProcessLoop, roll: Roll) {
    this.#disk = disk;
    this.#loop = loop;
    this.#roll = roll;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Its process is killed: what was under way may have come to its end. */
  kill(): void {
    for (const call of this.#calls) {
      if (this.#roll(2) === 0) continue;
      try {
        call();
      } catch {
        // Nobody hears of it.
      }
    }
    this.#open.clear();
  }

  readonly holdsFolders = (): boolean => this.#disk.abilities.holdsFolders;

  readonly open = (path: DiskPath, flags: number, mode = 0o666): number => {
    let found = this.#find(path);
    if (found !== null && isNew(flags)) throw systemError('EEXIST');
    if (found === null) {
      if ((flags & constants.O_CREAT) === 0) throw systemError('ENOENT');
      const { folder, name } = this.#placeOf(path);
      found = this.#disk.make('file', folder, name, mode);
    }
    if ((flags & constants.O_DIRECTORY) !== 0 && found.kind === 'file') throw systemError('ENOTDIR');
    this.#open.set(this.#next, found);
    this.#next += 1;
    return this.#next - 1;
  };

  readonly close = (descriptor: number): void => {
    if (!this.#open.delete(descriptor)) throw new Error(`descriptor ${descriptor} is not open`);
    this.#disk.fault('close');
  };

  readonly read = (
    descriptor: number,
    bytes: Uint8Array,
    from: number,
    count: number,
    position: number,
  ): number => this.#file(descriptor).bytes.copy(bytes, from, position, position + count);

  readonly write = (
    descriptor: number,
    bytes: Uint8Array,
    from: number,
    count: number,
    position: number,
  ): number => {
    const file = this.#file(descriptor);
    const taken = this.#disk.fault('write') === null ? count : Math.ceil(count / 2);
    file.write(bytes.subarray(from, from + taken), position, this.#disk.now);
    return taken;
  };

  readonly readWhole = (descriptor: number): Buffer => Buffer.from(this.#file(descriptor).bytes);

  readonly ftruncate = (descriptor: number, length: number): void => {
    const file = this.#file(descriptor);
    this.#disk.fault('change');
    file.truncate(length, this.#disk.now);
  };

  readonly fsync = (descriptor: number): void => this.#flush(descriptor);

  readonly chmod = (descriptor: number, mode: number): void => {
    this.#file(descriptor).mode = mode;
  };

  readonly touch = (descriptor: number): number => {
    const file = this.#file(descriptor);
    file.modified = this.#disk.now;
    file.changed = this.#disk.now;
    return Number(this.#disk.now / 1_000_000n);
  };

  readonly fstat = (descriptor: number): FileStats => this.#file(descriptor).stats;
  readonly stat = (path: DiskPath): FileStats | null => this.#find(path)?.stats ?? null;
  readonly lstat = this.stat;
  readonly realpath = (path: DiskPath): string => {
    if (this.#find(path) === null) throw systemError('ENOENT');
    return String(path);
  };
  readonly statfs = (path: DiskPath): number => {
    if (this.#find(path) === null) throw systemError('ENOENT');
    return TYPE_OF_EXT4;
  };

  readonly mkdir: FileSystem['mkdir'] = (path, options) => {
    if (options?.recursive !== true) return this.#makeFolder(path, 0o777);
    const elements = elementsOf(path);
    for (const end of elements.keys()) {
      const step = `/${elements.slice(0, end + 1).join('/')}`;
      if (this.#find(step) === null) this.#makeFolder(step, options.mode);
    }
  };

  readonly link = (existing: DiskPath, path: DiskPath): void => {
    if (!this.#disk.abilities.hasLinks) throw systemError('EPERM');
    const file = this.#find(existing);
    const { folder, name } = this.#placeOf(path);
    if (file === null) throw systemError('ENOENT');
    if (folder.entries.has(name)) throw systemError('EEXIST');
    this.#disk.fault('change');
    this.#disk.put(folder, name, file);
  };

  readonly symlink = (): void => {
    throw systemError('EPERM');
  };

  readonly rename = (from: DiskPath, to: DiskPath): void => {
    const old = this.#placeOf(from);
    const file = old.folder.entries.get(old.name);
    const { folder, name } = this.#placeOf(to);
    if (file === undefined) throw systemError('ENOENT');
    this.#disk.fault('change');
    this.#disk.take(old.folder, old.name, file);
    this.#disk.put(folder, name, file);
  };

  readonly unlink = (path: DiskPath): void => {
    const { folder, name } = this.#placeOf(path);
    const file = folder.entries.get(name);
    if (file === undefined) throw systemError('ENOENT');
    this.#disk.fault('change');
    this.#disk.take(folder, name, file);
  };

  readonly slow: FileSystem['slow'] = {
    open: (path, flags) => this.#slowly(SLOW_MS, () => this.open(path, flags)),
    fstat: (descriptor) => this.#slowly(SLOW_MS, () => this.fstat(descriptor)),
    lstat: (path) => this.#slowly(SLOW_MS, () => this.lstat(path)),
    read: (descriptor, bytes, position) =>
      this.#slowly(SLOW_MS, () => this.read(descriptor, bytes, 0, bytes.length, position)),
    readv: (descriptor, into, position) =>
      this.#slowly(SLOW_MS, () => {
        let done = 0;
        for (const bytes of into) {
          const count = this.read(descriptor, bytes, 0, bytes.length, position + done);
          done += count;
          if (count < bytes.length) break;
        }
        return done;
      }),
    write: (descriptor, bytes, position) =>
      this.#slowly(SLOW_MS, () => this.write(descriptor, bytes, 0, bytes.length, position)),
    fsync: (descriptor) => this.#slowly(FLUSH_MS, () => this.#flush(descriptor)),
    fdatasync: (descriptor) => this.#slowly(FLUSH_MS, () => this.#flush(descriptor)),
    rename: (from, to) => this.#slowly(SLOW_MS, () => this.rename(from, to)),
    unlink: (path) => this.#slowly(SLOW_MS, () => this.unlink(path)),
    readdir: (path) => this.#slowly(SLOW_MS, () => this.#namesIn(path)),
    clone: (from, to) => this.#slowly(SLOW_MS, () => this.#clone(from, to)),
  };

  #namesIn(path: DiskPath): string[] {
    const folder = this.#find(path);
    if (folder === null) throw systemError('ENOENT');
    if (folder.kind === 'file') throw systemError('ENOTDIR');
    return [...folder.entries.keys()];
  }

  #clone(from: DiskPath, to: DiskPath): void {
    if (!this.#disk.abilities.hasClones) throw systemError('ENOTSUP');
    const file = this.#find(from);
    const { folder, name } = this.#placeOf(to);
    if (file === null) throw systemError('ENOENT');
    if (folder.entries.has(name)) throw systemError('EEXIST');
    const made = this.#disk.make('file', folder, name, file.mode);
    made.write(file.bytes, 0, this.#disk.now);
  }

  #flush(descriptor: number): void {
    const file = this.#file(descriptor);
    try {
      this.#disk.fault('flush');
    } catch (error) {
      file.failFlush();
      throw error;
    }
    file.flush();
  }

  #slowly<Result>(mostMs: number, call: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#calls.add(call);
      this.#loop.after(this.#roll(mostMs * 10) / 10, () => {
        this.#calls.delete(call);
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #makeFolder(path: DiskPath, mode: number): void {
    const { folder, name } = this.#placeOf(path);
    if (folder.entries.has(name)) throw systemError('EEXIST');
    this.#disk.make('folder', folder, name, mode);
  }

  #file(descriptor: number): VirtualInode {
    const file = this.#open.get(descriptor);
    if (file === undefined) throw systemError('EBADF');
    return file;
  }

  #find(path: DiskPath): VirtualInode | null {
    const [from, rest] = this.#fromHeld(path);
    return this.#disk.find(rest, from);
  }

  #placeOf(path: DiskPath): { folder: VirtualInode; name: string } {
    const [from, rest] = this.#fromHeld(path);
    return this.#disk.placeOf(rest, from);
  }

  /** A path through a descriptor begins at what it holds. */
  #fromHeld(path: DiskPath): [VirtualInode, DiskPath] {
    const held = HELD.exec(String(path));
    return held === null
      ? [this.#disk.root, path]
      : [this.#file(Number(held[1])), String(path).slice(held[0].length)];
  }
}
