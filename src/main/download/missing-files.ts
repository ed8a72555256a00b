/** The files of a download that stay incomplete because no web seed has the missing data, each with the reason. */
import { relative } from 'node:path';
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import { printable } from '../text/foreign-text.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { webSeedFiles } from '../torrent/web-seed-files.ts';
import type { UnavailableFile } from './download-options.ts';

export class MissingFiles {
  readonly #plan: StoragePlan;
  readonly #metainfo: Metainfo;
  /** The start of each file of web seeds, and the stored files by their start; created on first use. */
  #offsets: readonly number[] | null = null;
  #stored: ReadonlyMap<number, StoredFile> | null = null;
  readonly #onLacking: (file: UnavailableFile) => void;
  /** Why no web seed has the file that starts at this byte of the torrent. */
  readonly #reasons = new Map<number, string>();
  /** The reasons that were reported. Lost files are asked for again now and then, and the same answer is no news. */
  readonly #told = new Map<number, string>();

  constructor(plan: StoragePlan, metainfo: Metainfo, onLacking: (file: UnavailableFile) => void) {
    this.#plan = plan;
    this.#metainfo = metainfo;
    this.#onLacking = onLacking;
  }

  /** No web seed has the file at this position among the files of web seeds. Without a reason, one may have it after all. */
  lacking(index: number, reason: string | null): void {
    this.#offsets ??= webSeedFiles(this.#metainfo).map((file) => file.offset);
    this.#stored ??= new Map(
      this.#plan.files.filter(({ length }) => length > 0).map((file) => [file.offset, file]),
    );
    const offset = this.#offsets[index] ?? -1;
    const file = this.#stored.get(offset);
    if (reason === null) return void this.#reasons.delete(offset);
    this.#reasons.set(offset, reason);
    if (file === undefined || this.#told.get(offset) === reason) return;
    this.#told.set(offset, reason);
    this.#onLacking({ path: this.#nameOf(file), reason });
  }

  /** The incomplete files: first those that no web seed has, then those that miss data for another reason, `otherwise`. */
  files(ledger: Ledger, otherwise = 'no source has all of its pieces'): UnavailableFile[] {
    const broken = this.#plan.files.filter((file) => !isWhole(file, this.#metainfo.geometry, ledger));
    const lacking = broken.filter(({ offset, length }) => length > 0 && this.#reasons.has(offset));
    const inPiece = new Map(
      lacking.flatMap((file) => this.#edgesOf(file).map((piece) => [piece, file] as const)),
    );
    const others = broken.filter(({ offset }) => !this.#reasons.has(offset));
    return [
      ...lacking.map((file) => ({ path: this.#nameOf(file), reason: this.#reasons.get(file.offset) ?? '' })),
      ...others.map((file) => {
        const [neighbour] = this.#edgesOf(file).flatMap((piece) => inPiece.get(piece) ?? []);
        const reason =
          neighbour === undefined ? otherwise : `it shares a piece with ${this.#nameOf(neighbour)}`;
        return { path: this.#nameOf(file), reason };
      }),
    ];
  }

  /** Those that did not arrive in time; empty if none did. */
  unfinished(ledger: Ledger): readonly UnavailableFile[] {
    const files = this.files(ledger, 'not all of its data arrived in time');
    return files.length < this.#plan.files.length ? files : [];
  }

  /** The pieces that a file may share with others. */
  #edgesOf(file: StoredFile): number[] {
    const { first, end } = piecesOf(this.#metainfo.geometry, file);
    return [first, end - 1];
  }

  #nameOf({ path }: StoredFile): string {
    return printable(relative(this.#plan.folder, path));
  }
}

function isWhole(file: StoredFile, g: Geometry, ledger: Ledger): boolean {
  const { first, end } = piecesOf(g, file);
  for (let piece = first; piece < end; piece++) if (ledger.isWanted(piece)) return false;
  return true;
}
