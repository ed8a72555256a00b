/**
 * What we know of complete data that is given to peers, for the next start: which pieces were right, and how the files looked then.
 * A file that looks different is hashed again. It is in the state folder of the user, for the data may be read-only.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_JOURNAL_BYTES } from '../../shared/limits.ts';
import { userFolder } from '../files/user-folders.ts';
import { readWhole, writeWhole } from '../files/whole-file.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { FileStamp } from './journal.ts';

const VERSION = 1;

export interface SeedRecord {
  /** By file of the plan; null for one that was not there. */
  readonly stamps: readonly (FileStamp | null)[];
  /** 1 for each piece that was right. */
  readonly good: Uint8Array;
  /** Bytes that peers got of it, in all runs. */
  readonly uploaded: number;
}

export class SeedRecords {
  readonly #folder: string;

  constructor(folder = join(userFolder('state'), 'seeds')) {
    this.#folder = folder;
  }

  /** Null if there is none that can be used. `folder`: of the data. */
  read({ infoHash, geometry }: Metainfo, folder: string, files: number): SeedRecord | null {
    const bytes = readWhole(this.#pathOf(infoHash, folder), MAX_JOURNAL_BYTES);
    try {
      const { v, stamps, good, uploaded } = JSON.parse(bytes?.toString('utf8') ?? '') as Record<
        string,
        unknown
      >;
      if (v !== VERSION || !Array.isArray(stamps) || stamps.length !== files) return null;
      const pieces = Uint8Array.from(Buffer.from(String(good), 'base64'));
      if (pieces.length !== geometry.pieceCount || typeof uploaded !== 'number') return null;
      return { stamps, good: pieces, uploaded };
    } catch {
      return null;
    }
  }

  /** Returns why it could not be written; null if it was. The next start hashes the files then. */
  write({ infoHash }: Metainfo, folder: string, { stamps, good, uploaded }: SeedRecord): string | null {
    const record = { v: VERSION, folder, stamps, good: Buffer.from(good).toString('base64'), uploaded };
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeWhole(this.#pathOf(infoHash, folder), JSON.stringify(record), 0o600);
      return null;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  #pathOf(infoHash: Uint8Array, folder: string): string {
    const place = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    return join(this.#folder, `${Buffer.from(infoHash).toString('hex')}-${place}.json`);
  }
}

/** True if the file is what it was. A copy on another disk has another inode and is hashed again. */
export function isSameStamp(one: FileStamp | null, other: FileStamp | null): boolean {
  if (one === null || other === null) return false;
  return (
    one.size === other.size &&
    one.modified === other.modified &&
    one.changed === other.changed &&
    one.inode === other.inode
  );
}
