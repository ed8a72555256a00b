/**
 * What main knows of each file of a download, shared with the hashers: which file on the disk it is, and how it may be
 * written to.
 */
import type { BigIntStats } from 'node:fs';

export const STANDING = {
  /** Made by this run, or empty: written to as it comes. */
  ours: 0,
  /** It was there with content of the torrent: pieces that it shares with others are written only where they differ. */
  there: 1,
  /** Nobody knows yet whose it is: it is kept as it is, and every byte must turn out to be right. */
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

  /** From here on only this very file is opened in its place. */
  identify(file: number, inode: bigint, born: bigint): void {
    this.#identities[file * 2] = inode;
    this.#identities[file * 2 + 1] = born;
  }

  /**
   * False where another file was put in its place. The number of a file may change on filesystems that make numbers up
   * (FAT, some of FUSE): there its time of birth speaks for it, or that it has one name only.
   */
  isSame(file: number, stats: BigIntStats): boolean {
    const [inode, born] = [this.#identities[file * 2] ?? 0n, this.#identities[file * 2 + 1] ?? 0n];
    if (inode === 0n || inode === BigInt.asUintN(64, stats.ino)) return true;
    return born > 0n && stats.birthtimeNs > 0n ? born === stats.birthtimeNs : stats.nlink <= 1n;
  }
}
