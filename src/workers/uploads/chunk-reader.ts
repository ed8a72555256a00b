/** Reads bytes of a torrent from its files without blocking the thread, also across the border of two files. */
import type { FileSystem } from '../../shared/file-system.ts';
import { STANDING, Standings } from '../../shared/standing.ts';
import type { StoredFile, StoredFiles } from '../../shared/stored-files.ts';
import type { TorrentFiles } from '../storage/disk.ts';
import { FileOpener } from '../storage/file-opener.ts';
import { Stretches } from '../storage/stretches.ts';
import type { OpenFiles } from './open-files.ts';

type Stretch = Pick<StoredFile, 'offset' | 'length'>;

/** Verified bytes could not be read. */
export class ReadFault extends Error {
  override readonly name = 'ReadFault';
  /** The system's code; SHORT if the file ends too early, GUARDED if it is not known to be ours. */
  readonly code: string;
  readonly path: string;
  /** Where the file is in the torrent. */
  readonly file: Stretch;

  constructor(code: string, { path, offset, length }: StoredFile) {
    super(`read ${path}: ${code}`);
    this.code = code;
    this.path = path;
    this.file = { offset, length };
  }
}

interface Part {
  readonly file: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class ChunkReader {
  #setup: StoredFiles;
  readonly #stretches: Stretches;
  readonly #standings: Standings | null;
  readonly #system: FileSystem;
  #opener: TorrentFiles;
  readonly #open: OpenFiles;

  constructor(setup: StoredFiles, system: FileSystem, open: OpenFiles) {
    this.#setup = setup;
    this.#stretches = new Stretches(setup);
    this.#standings = setup.place === undefined ? null : new Standings(setup.place.standings);
    this.#system = system;
    this.#opener = new FileOpener(setup, system);
    this.#open = open;
  }

  /** Fills `bytes` from `offset` of the torrent. Rejects with a ReadFault. */
  async read(offset: number, bytes: Uint8Array): Promise<void> {
    const parts: Part[] = [];
    this.#stretches.each(offset, bytes, (file, at, part) => {
      if (file === null) part.fill(0);
      else parts.push({ file, at, bytes: part });
      return true;
    });
    for (const part of parts) await this.#readPart(part);
  }

  /** The files have these names from now on. */
  rename(files: readonly StoredFile[]): void {
    this.close();
    this.#setup = { ...this.#setup, files };
    this.#opener = new FileOpener(this.#setup, this.#system);
  }

  /** Closes its files. */
  close(): void {
    this.#open.release(this.#opener);
  }

  async #readPart({ file, at, bytes }: Part): Promise<void> {
    const stored = this.#setup.files[file] as StoredFile;
    // It may be a file of the user with the same name: none of its bytes may leave this machine.
    if (this.#standings?.get(file) === STANDING.guarded) throw new ReadFault('GUARDED', stored);
    try {
      await this.#open.with(this.#opener, file, async (descriptor) => {
        for (let done = 0; done < bytes.length; ) {
          const count = await this.#system.slow.read(descriptor, bytes.subarray(done), at + done);
          if (count === 0) throw new ReadFault('SHORT', stored);
          done += count;
        }
      });
    } catch (error) {
      if (error instanceof ReadFault) throw error;
      throw new ReadFault((error as NodeJS.ErrnoException).code ?? String(error), stored);
    }
  }
}
