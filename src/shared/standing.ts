/**
 * What main knows about each file of a download, shared with the storage threads: which file on disk it is, and how it may be
 * written.
 */
import type { FileStats, FileSystem } from './file-system.ts';
import { type OpenFile, systemError } from './folder.ts';

export const STANDING = {
  /** Made by this run, or empty: written without checks. */
  ours: 0,
  /** It existed with content of the torrent: pieces that it shares with other files are written only where they differ. */
  there: 1,
  /** Its owner is not known yet: it is not changed, and every byte must prove right. */
  guarded: 2,
} as const;

export type Standing = (typeof STANDING)[keyof typeof STANDING];

const IDENTITY_BYTES = 16;

export class Standings {
  readonly memory: SharedArrayBuffer;
  readonly #identities: BigUint64Array;
  readonly #standings: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    const files = memory.byteLength / (IDENTITY_BYTES + 1);
    this.#identities = new BigUint64Array(memory, 0, files * 2);
    this.#standings = new Uint8Array(memory, files * IDENTITY_BYTES, files);
  }

  static of(files: number): Standings {
    return new Standings(new SharedArrayBuffer(files * (IDENTITY_BYTES + 1)));
  }

  set(file: number, standing: Standing): void {
    this.#standings[file] = standing;
  }

  get(file: number): Standing {
    return (this.#standings[file] ?? STANDING.ours) as Standing;
  }

  /** From now on only this file is opened at its path. */
  identify(file: number, inode: bigint, born: bigint): void {
    this.#identities[file * 2] = inode;
    this.#identities[file * 2 + 1] = born;
  }

  /**
   * False if another file has taken its place. The inode number may change on file systems that invent numbers (FAT, some of
   * FUSE): there its time of birth identifies it, or the fact that it has only one name.
   */
  isSame(file: number, stats: FileStats): boolean {
    const [inode, born] = [this.#identities[file * 2] ?? 0n, this.#identities[file * 2 + 1] ?? 0n];
    if (inode === 0n || inode === BigInt.asUintN(64, stats.ino)) return true;
    return born > 0n && stats.birthtimeNs > 0n ? born === stats.birthtimeNs : stats.nlink <= 1n;
  }

  /** The descriptor of what was opened at the path of a file. If another file has taken its place, closes it and throws an error with the code REPLACED. */
  checked(file: number, { descriptor, stats }: OpenFile, system: FileSystem): number {
    if (this.isSame(file, stats)) return descriptor;
    system.close(descriptor);
    throw systemError('REPLACED');
  }
}
