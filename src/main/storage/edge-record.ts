/**
 * The hashes of parts of pieces: if only some files of a torrent are selected, a piece at their edge is not on disk as a whole, so its
 * own hash proves nothing about the part that is there. When such a piece is verified, in memory, its part in each file is hashed for
 * itself and kept here. These hashes are about the torrent and not about a place, so they hold for every copy of its files. They are in
 * the state folder of the user: nobody else may say what is right. A record names the places that selections were downloaded to. It is
 * removed when none of them needs it any more, or when no run has used it for a long time.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { type DiskPath, type FileSystem, SYSTEM_FILES, writeFirst } from '../../shared/file-system.ts';
import { EDGE_RECORD_KEPT_MS, MAX_JOURNAL_BYTES } from '../../shared/limits.ts';
import type { EdgeHash } from '../../shared/storage-messages.ts';
import { userFolder } from '../files/user-folders.ts';

const VERSION = 1;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
const DIGEST = /^[0-9A-Za-z+/]{43}=$/;
/** Ours, or what a run that was killed left of one. */
const RECORD_NAME = /^[0-9a-f]{40,64}\.json(\.[0-9a-f]{16})?$/;

interface Kept {
  /** By range. */
  readonly hashes: Map<string, EdgeHash>;
  /** Where selections of the torrent were downloaded to. */
  readonly places: ReadonlySet<string>;
}

export class EdgeRecord {
  readonly #files: FileSystem;
  readonly #folder: string;
  readonly #path: string;
  readonly #place: string | null;
  #kept: Kept | null = null;
  #isNew = false;
  #isUsed = false;
  /** The time of the calendar when this run wrote it; null if it did not. */
  #writtenAt: number | null = null;

  /** It is read when it is first asked. `place`: the path of the download; null for a run that only looks. */
  constructor(infoHash: Uint8Array, place: string | null, files: FileSystem = SYSTEM_FILES) {
    this.#files = files;
    this.#place = place;
    this.#folder = join(userFolder('state'), 'edges');
    this.#path = join(this.#folder, `${Buffer.from(infoHash).toString('hex')}.json`);
  }

  /** SHA-256 in base64 of these bytes of the torrent; null if it is not known. */
  digestOf(from: number, length: number): string | null {
    const digest = this.#known.get(keyOf({ from, length }))?.digest ?? null;
    if (digest === null) return null;
    this.#isUsed = true;
    // Also where these files came from another place.
    if (this.#place !== null && this.#kept?.places.has(this.#place) === false) this.#isNew = true;
    return digest;
  }

  add(hashes: readonly EdgeHash[]): void {
    for (const one of hashes) {
      if (this.digestOf(one.from, one.length) === one.digest) continue;
      this.#known.set(keyOf(one), one);
      this.#isNew = true;
    }
  }

  /** Writes what is new. Without permission to do so, these pieces are fetched again by the next run. Never throws. */
  save(): void {
    if (!this.#isNew) return;
    this.#isNew = false;
    // Another run may have this torrent in another place.
    const { hashes, places } = this.#read();
    const ours = this.#place === null ? [] : [this.#place];
    this.#kept = {
      hashes: new Map([...hashes, ...this.#known]),
      places: new Set([...places, ...ours]),
    };
    this.#replace(this.#kept);
  }

  /**
   * The end of a run. `isWhole`: all files of the torrent are complete here, so that no piece has an edge. Otherwise what was used counts
   * as new, and if this run wrote a record, those that nobody has used for long are removed. Never rejects.
   */
  async close(isWhole: boolean): Promise<void> {
    if (isWhole) return this.#leave();
    this.save();
    if (this.#writtenAt !== null) await this.#removeOld(this.#writtenAt);
    else if (this.#isUsed) this.#touch();
  }

  /** This place, and those that are gone, need the record no longer. */
  #leave(): void {
    const { hashes, places } = this.#read();
    if (this.#place === null || !places.has(this.#place)) return;
    const left = [...places].filter((place) => place !== this.#place && this.#isThere(place));
    if (left.length === 0) this.#remove(diskPath(this.#path));
    else this.#replace({ hashes, places: new Set(left) });
  }

  #isThere(place: string): boolean {
    try {
      return this.#files.lstat(diskPath(place)) !== null;
    } catch {
      return true;
    }
  }

  #replace({ hashes, places }: Kept): void {
    const edges = [...hashes.values()].map(({ from, length, digest }) => [from, length, digest]);
    const record = { v: VERSION, places: [...places], edges };
    try {
      this.#files.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      this.#write(Buffer.from(JSON.stringify(record)));
    } catch {}
  }

  #touch(): void {
    try {
      const descriptor = this.#files.open(diskPath(this.#path), constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        this.#files.touch(descriptor);
      } finally {
        this.#files.close(descriptor);
      }
    } catch {}
  }

  async #removeOld(now: number): Promise<void> {
    const names = await this.#files.slow.readdir(diskPath(this.#folder)).catch(() => []);
    for (const name of names.filter((one) => RECORD_NAME.test(one))) {
      const path = diskPath(join(this.#folder, name));
      const stats = await this.#files.slow.lstat(path).catch(() => null);
      const isOld = stats !== null && now - Number(stats.mtimeNs / 1_000_000n) > EDGE_RECORD_KEPT_MS;
      if (isOld && stats.isFile()) this.#remove(path);
    }
  }

  #remove(path: DiskPath): void {
    try {
      this.#files.unlink(path);
    } catch {}
  }

  get #known(): Map<string, EdgeHash> {
    this.#kept ??= this.#read();
    return this.#kept.hashes;
  }

  #write(bytes: Uint8Array): void {
    const fresh = diskPath(`${this.#path}.${randomBytes(8).toString('hex')}`);
    const descriptor = this.#files.open(fresh, NEW, 0o600);
    try {
      try {
        writeFirst(this.#files, descriptor, bytes);
        this.#writtenAt = this.#files.touch(descriptor);
      } finally {
        this.#files.close(descriptor);
      }
      this.#files.rename(fresh, diskPath(this.#path));
    } catch (error) {
      this.#files.unlink(fresh);
      throw error;
    }
  }

  /** Empty if there is none that can be used. */
  #read(): Kept {
    try {
      const descriptor = this.#files.open(diskPath(this.#path), constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const stats = this.#files.fstat(descriptor);
        if (!stats.isFile() || stats.size > MAX_JOURNAL_BYTES) return nothing();
        return parsed(this.#files.readWhole(descriptor).toString('utf8'));
      } finally {
        this.#files.close(descriptor);
      }
    } catch {
      return nothing();
    }
  }
}

function nothing(): Kept {
  return { hashes: new Map(), places: new Set() };
}

/** Throws if it is no record. */
function parsed(text: string): Kept {
  const record = JSON.parse(text) as { v: unknown; edges: readonly unknown[]; places?: readonly unknown[] };
  const { v, edges, places = [] } = record;
  if (v !== VERSION) return nothing();
  const hashes = edges.flatMap((edge) => {
    const [from, length, digest] = edge as readonly unknown[];
    const isHash = typeof digest === 'string' && DIGEST.test(digest);
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(length) || !isHash) return [];
    return [{ from: from as number, length: length as number, digest }];
  });
  return {
    hashes: new Map(hashes.map((one) => [keyOf(one), one])),
    places: new Set(places.filter((place) => typeof place === 'string')),
  };
}

function keyOf({ from, length }: Pick<EdgeHash, 'from' | 'length'>): string {
  return `${from} ${length}`;
}
