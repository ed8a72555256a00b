/**
 * A file or a folder of a simulated disk: what programs see of it, and what would be there after a power loss. As on ext4 and
 * XFS, the length of a file grows on disk no sooner than its bytes, and a flushed file has its name.
 */
import type { FileStats } from '../../src/shared/file-system.ts';
import type { Roll } from './personas.ts';

const PAGE_BYTES = 4_096;

interface Range {
  readonly from: number;
  readonly to: number;
}

export class VirtualInode {
  readonly number: bigint;
  readonly kind: 'file' | 'folder';
  readonly born: bigint;
  mode: number;
  modified: bigint;
  changed: bigint;
  names = 0;
  bytes: Buffer = Buffer.alloc(0);
  entries = new Map<string, VirtualInode>();
  /** The names under which a flush finds it. */
  readonly places: { readonly folder: VirtualInode; readonly name: string }[] = [];
  #durableBytes: Buffer = Buffer.alloc(0);
  #durableEntries = new Map<string, VirtualInode>();
  /** Written and not flushed; what a failed flush dropped. */
  #dirty: Range[] = [];
  #lost: Range[] = [];
  /** Its length was set, not written. */
  #isSparse = false;

  constructor(kind: 'file' | 'folder', number: bigint, born: bigint, mode: number) {
    this.kind = kind;
    this.number = number;
    this.born = born;
    this.mode = mode;
    this.modified = born;
    this.changed = born;
  }

  get stats(): FileStats {
    const isFolder = this.kind === 'folder';
    return {
      dev: 1n,
      ino: this.number,
      size: BigInt(this.bytes.length),
      nlink: BigInt(this.names),
      uid: BigInt(process.geteuid?.() ?? 0),
      mode: BigInt(this.mode),
      blocks: BigInt(Math.ceil(this.bytes.length / 512)),
      mtimeNs: this.modified,
      ctimeNs: this.changed,
      birthtimeNs: this.born,
      isFile: () => !isFolder,
      isDirectory: () => isFolder,
      isSymbolicLink: () => false,
    };
  }

  write(bytes: Uint8Array, position: number, now: bigint): void {
    const end = position + bytes.length;
    if (end > this.bytes.length) this.#resize(end);
    this.bytes.set(bytes, position);
    this.#dirty.push({ from: position, to: end });
    this.modified = now;
    this.changed = now;
  }

  truncate(length: number, now: bigint): void {
    this.#resize(length);
    const kept = (all: Range[]): Range[] =>
      all.map(({ from, to }) => ({ from: Math.min(from, length), to: Math.min(to, length) }));
    this.#dirty = kept(this.#dirty);
    this.#lost = kept(this.#lost);
    this.#isSparse = true;
    this.modified = now;
    this.changed = now;
  }

  flush(): void {
    if (this.kind === 'folder') this.#durableEntries = new Map(this.entries);
    else {
      if (this.#durableBytes.length !== this.bytes.length)
        this.#durableBytes = resized(this.#durableBytes, this.bytes.length);
      for (const { from, to } of this.#dirty) this.bytes.copy(this.#durableBytes, from, from, to);
      this.#dirty = [];
    }
    for (const { folder, name } of this.places) folder.#keepName(name, this);
  }

  /** The system says that a flush failed, once. What was to be written counts as written from then on, and is not. */
  failFlush(): void {
    this.#lost.push(...this.#dirty);
    this.#dirty = [];
  }

  /** The power fails. Of what was not flushed anything may be there. */
  losePower(roll: Roll): void {
    if (this.kind === 'folder') {
      if (roll(2) === 0) this.entries = this.#durableEntries;
      this.#durableEntries = new Map(this.entries);
      return;
    }
    const isWhole = this.#isSparse || this.#durableBytes.length === this.bytes.length || roll(2) === 0;
    const after = resized(this.#durableBytes, isWhole ? this.bytes.length : this.#durableBytes.length);
    for (const { from, to } of this.#dirty)
      for (let at = from; at < to && isWhole; at = (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES)
        if (!this.#isSparse || roll(2) === 0)
          this.bytes.copy(after, at, at, Math.min(to, (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES));
    for (const { from, to } of this.#lost)
      resized(this.#durableBytes, after.length).copy(after, from, from, Math.min(to, after.length));
    this.bytes = after;
    this.#durableBytes = Buffer.from(after);
    this.#dirty = [];
    this.#lost = [];
  }

  #keepName(name: string, file: VirtualInode): void {
    if (this.#durableEntries.get(name) === file) return;
    this.#durableEntries.set(name, file);
    for (const place of this.places) place.folder.#keepName(place.name, this);
  }

  #resize(length: number): void {
    this.bytes = resized(this.bytes, length);
  }
}

function resized(bytes: Buffer, length: number): Buffer {
  const other = Buffer.alloc(length);
  bytes.copy(other);
  return other;
}
