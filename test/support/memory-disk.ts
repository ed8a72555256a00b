/** A disk in memory that records what is open and what each torrent keeps open. */
import type { Access, Disk, FilesSetup, TorrentFiles } from '../../src/workers/storage/disk.ts';

interface MemoryFile {
  bytes: Buffer;
}

export class MemoryDisk implements Disk {
  readonly files = new Map<string, MemoryFile>();
  /** Paths and access by descriptor. */
  readonly open = new Map<number, string>();
  /** Torrents that hold a folder, as real ones do after an open. */
  readonly holders = new Set<TorrentFiles>();
  /** Thrown by the next read or write. */
  fault: string | null = null;
  /** Thrown by the next close, which closes all the same. */
  closeFault: string | null = null;
  #next = 100;

  make(path: string, length: number): void {
    this.files.set(path, { bytes: Buffer.alloc(length) });
  }

  content(path: string): Buffer {
    return this.files.get(path)?.bytes ?? Buffer.alloc(0);
  }

  filesOf({ files }: FilesSetup): TorrentFiles {
    const holder: TorrentFiles = {
      open: (file: number, access: Access): number => {
        const path = files[file]?.path ?? '';
        if (!this.files.has(path)) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
        this.holders.add(holder);
        this.open.set(this.#next, `${access} ${path}`);
        this.#next += 1;
        return this.#next - 1;
      },
      release: () => void this.holders.delete(holder),
    };
    return holder;
  }

  openSource(path: string): number {
    if (!this.files.has(path)) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    this.open.set(this.#next, `read ${path}`);
    this.#next += 1;
    return this.#next - 1;
  }

  close(descriptor: number): void {
    if (!this.open.delete(descriptor)) throw new Error(`descriptor ${descriptor} is not open`);
    const code = this.closeFault;
    this.closeFault = null;
    if (code !== null) throw Object.assign(new Error(code), { code });
  }

  read(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number {
    return this.#file(descriptor, 'read').copy(bytes, from, position, position + count);
  }

  write(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number {
    this.#file(descriptor, 'write').set(bytes.subarray(from, from + count), position);
    return count;
  }

  nanoseconds(): bigint {
    return 0n;
  }

  #file(descriptor: number, access: Access): Buffer {
    const code = this.fault;
    this.fault = null;
    if (code !== null) throw Object.assign(new Error(code), { code });
    const [how, path] = (this.open.get(descriptor) ?? '').split(' ');
    if (how !== access || path === undefined) throw Object.assign(new Error('EBADF'), { code: 'EBADF' });
    return this.content(path);
  }
}
