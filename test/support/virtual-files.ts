/**
 * The disk of a simulated machine. It outlives the processes that use it: a process that is killed leaves what it wrote, and a
 * power loss takes what was not flushed. Calls fail where a test plans it.
 */
import { constants } from 'node:fs';
import type { DiskPath } from '../../src/shared/file-system.ts';
import type { Roll } from './personas.ts';
import { VirtualInode } from './virtual-inode.ts';

export interface DiskFaultPlan {
  /** Calls of its kind until it happens. `write` if it is left out. */
  readonly writes: number;
  /** `change`: a file or folder is made, renamed, removed or resized. */
  readonly operation?: 'write' | 'flush' | 'change' | 'close';
  /** `SHORT`: one write takes a part. */
  readonly code: 'ENOSPC' | 'EIO' | 'SHORT' | 'ESTALE' | 'EROFS' | 'EINVAL' | 'ENOTSUP';
}

/** What a file system can do: hold folders by descriptors, give a file a second name, share the space of two files. */
export interface DiskAbilities {
  readonly holdsFolders: boolean;
  readonly hasLinks: boolean;
  readonly hasClones: boolean;
}

const DAY_ONE_NS = 1_700_000_000_000_000_000n;
/** Times of files change in steps. */
const TIME_STEP_MS = 4;

export class VirtualFiles {
  readonly abilities: DiskAbilities;
  readonly #now: () => number;
  #next = 2n;
  readonly root: VirtualInode;
  #faults: { readonly plan: DiskFaultPlan; left: number }[] = [];
  /** Faults that happened. */
  fired = 0;

  constructor(now: () => number, abilities: DiskAbilities) {
    this.#now = now;
    this.abilities = abilities;
    this.root = new VirtualInode('folder', 1n, this.now, 0o755);
  }

  plan(plan: DiskFaultPlan): void {
    this.#faults.push({ plan, left: plan.writes });
  }

  get now(): bigint {
    return DAY_ONE_NS + BigInt(Math.floor(this.#now() / TIME_STEP_MS) * TIME_STEP_MS) * 1_000_000n;
  }

  /** The fault that this call meets; null if it meets none. Throws one that is an error. */
  fault(operation: NonNullable<DiskFaultPlan['operation']>): DiskFaultPlan | null {
    const due = this.#faults.find(({ plan, left }) => (plan.operation ?? 'write') === operation && left <= 0);
    for (const fault of this.#faults) if ((fault.plan.operation ?? 'write') === operation) fault.left -= 1;
    if (due === undefined) return null;
    this.#faults = this.#faults.filter((fault) => fault !== due);
    this.fired += 1;
    if (due.plan.code !== 'SHORT') throw systemError(due.plan.code);
    return due.plan;
  }

  /** What is at a path; null if nothing is. `from`: the folder where it begins. */
  find(path: DiskPath, from: VirtualInode = this.root): VirtualInode | null {
    let at: VirtualInode | undefined = from;
    for (const name of elementsOf(path)) {
      if (at === undefined) return null;
      if (at.kind === 'file') throw systemError('ENOTDIR');
      at = at.entries.get(name);
    }
    return at ?? null;
  }

  /** The folder of an entry, and its name. */
  placeOf(path: DiskPath, from: VirtualInode = this.root): { folder: VirtualInode; name: string } {
    const elements = elementsOf(path);
    const name = elements.pop() ?? '';
    const folder = this.find(elements.join('/'), from);
    if (folder === null) throw systemError('ENOENT');
    if (folder.kind === 'file') throw systemError('ENOTDIR');
    return { folder, name };
  }

  make(kind: 'file' | 'folder', folder: VirtualInode, name: string, mode: number): VirtualInode {
    this.fault('change');
    const made = new VirtualInode(kind, this.#next++, this.now, mode);
    this.put(folder, name, made);
    return made;
  }

  put(folder: VirtualInode, name: string, file: VirtualInode): void {
    const before = folder.entries.get(name);
    if (before !== undefined) this.take(folder, name, before);
    folder.entries.set(name, file);
    file.places.push({ folder, name });
    this.#renamed(folder, file, 1);
  }

  take(folder: VirtualInode, name: string, file: VirtualInode): void {
    folder.entries.delete(name);
    const at = file.places.findIndex((place) => place.folder === folder && place.name === name);
    file.places.splice(at, 1);
    this.#renamed(folder, file, -1);
  }

  losePower(roll: Roll): void {
    const seen = new Set<VirtualInode>();
    const lose = (inode: VirtualInode): void => {
      if (seen.has(inode)) return;
      seen.add(inode);
      inode.losePower(roll);
      inode.names = 0;
      inode.places.length = 0;
      for (const child of inode.entries.values()) lose(child);
    };
    lose(this.root);
    const count = (folder: VirtualInode): void => {
      for (const [name, child] of folder.entries) {
        child.names += 1;
        child.places.push({ folder, name });
        count(child);
      }
    };
    count(this.root);
  }

  /** What the file at that path has; empty if there is none. */
  content(path: string): Buffer {
    return this.find(path)?.bytes ?? Buffer.alloc(0);
  }

  #renamed(folder: VirtualInode, file: VirtualInode, names: number): void {
    const { now } = this;
    file.names += names;
    file.changed = now;
    folder.modified = now;
    folder.changed = now;
  }
}

export const isNew = (flags: number): boolean => (flags & constants.O_EXCL) !== 0;

export function elementsOf(path: DiskPath): string[] {
  return String(path)
    .split('/')
    .filter((name) => name !== '' && name !== '.');
}

export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
