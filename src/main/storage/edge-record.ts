/**
 * The hashes of parts of pieces: if only some files of a torrent are selected, a piece at their edge is not on disk as a whole, so its
 * own hash proves nothing about the part that is there. When such a piece is verified, in memory, its part in each file is hashed for
 * itself and kept here. These hashes are about the torrent and not about a place, so they hold for every copy of its files. They are in
 * the state folder of the user: nobody else may say what is right. A record names the places that selections were downloaded to. It is
 * removed when none of them needs it any more, or when no run has used it for a long time.
 */
import { diskPath } from '../../shared/byte-name.ts';
import { type FileSystem, SYSTEM_FILES } from '../../shared/file-system.ts';
import { MAX_JOURNAL_BYTES } from '../../shared/limits.ts';
import type { EdgeHash } from '../../shared/storage-messages.ts';
import { StateFile } from './state-file.ts';

const VERSION = 1;
const DIGEST = /^[0-9A-Za-z+/]{43}=$/;

interface Kept {
  /** By range. */
  readonly hashes: Map<string, EdgeHash>;
  /** Where selections of the torrent were downloaded to. */
  readonly places: ReadonlySet<string>;
}

export class EdgeRecord {
  readonly #files: FileSystem;
  readonly #file: StateFile;
  readonly #place: string | null;
  #kept: Kept | null = null;
  #isNew = false;
  #isUsed = false;

  /** It is read when it is first asked. `place`: the path of the download; null for a run that only looks. */
  constructor(infoHash: Uint8Array, place: string | null, files: FileSystem = SYSTEM_FILES) {
    this.#files = files;
    this.#place = place;
    this.#file = new StateFile('edges', infoHash, 'json', files);
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
  async save(): Promise<void> {
    if (!this.#isNew) return;
    this.#isNew = false;
    // Another run may have this torrent in another place.
    const { hashes, places } = this.#read();
    const ours = this.#place === null ? [] : [this.#place];
    this.#kept = {
      hashes: new Map([...hashes, ...this.#known]),
      places: new Set([...places, ...ours]),
    };
    await this.#replace(this.#kept);
  }

  /**
   * The end of a run. `isWhole`: all files of the torrent are complete here, so that no piece has an edge. Otherwise what was used counts
   * as new, and if this run wrote a record, those that nobody has used for long are removed. Never rejects.
   */
  async close(isWhole: boolean): Promise<void> {
    if (isWhole) return this.#leave();
    await this.save();
    await this.#file.close(this.#isUsed);
  }

  /** This place, and those that are gone, need the record no longer. */
  async #leave(): Promise<void> {
    const { hashes, places } = this.#read();
    if (this.#place === null || !places.has(this.#place)) return;
    const left = [...places].filter((place) => place !== this.#place && this.#isThere(place));
    if (left.length === 0) await this.#file.remove();
    else await this.#replace({ hashes, places: new Set(left) });
  }

  #isThere(place: string): boolean {
    try {
      return this.#files.lstat(diskPath(place)) !== null;
    } catch {
      return true;
    }
  }

  #replace({ hashes, places }: Kept): Promise<void> {
    const edges = [...hashes.values()].map(({ from, length, digest }) => [from, length, digest]);
    return this.#file.write(Buffer.from(JSON.stringify({ v: VERSION, places: [...places], edges })));
  }

  get #known(): Map<string, EdgeHash> {
    this.#kept ??= this.#read();
    return this.#kept.hashes;
  }

  /** Empty if there is none that can be used. */
  #read(): Kept {
    const bytes = this.#file.read(MAX_JOURNAL_BYTES);
    try {
      return bytes === null ? nothing() : parsed(bytes.toString('utf8'));
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
