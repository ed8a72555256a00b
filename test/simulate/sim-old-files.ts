/** Older versions of a torrent's files in a folder of the machine (`reuse`), which may change while they are read. */
import { dice } from '../support/dice.ts';
import type { Roll } from '../support/personas.ts';
import type { VirtualFiles } from '../support/virtual-files.ts';
import type { VirtualInode } from '../support/virtual-inode.ts';
import type { SimContent } from './sim-content.ts';

export interface OldFilesPlan {
  readonly seed: number;
  /** About how many of its pieces differ. */
  readonly changedPercent: number;
  /** `same`: path and size are those of the torrent. `renamed`: only the size. `moved`: a piece of other bytes comes first. */
  readonly how: 'same' | 'renamed' | 'moved';
  /** They are cut or written by another program at this moment; null: never. */
  readonly changesAtMs: number | null;
}

export class SimOldFiles {
  readonly folder: string;
  readonly #disk: VirtualFiles;
  readonly #roll: Roll;
  readonly #files: { readonly inode: VirtualInode; bytes: Buffer }[] = [];

  constructor(disk: VirtualFiles, name: string, { metainfo, all }: SimContent, plan: OldFilesPlan) {
    this.folder = `/old/${name}`;
    this.#disk = disk;
    this.#roll = dice(plan.seed);
    const { pieceLength } = metainfo.geometry;
    for (const [i, { rawPath, offset, length, padding }] of metainfo.files.entries()) {
      if (padding || length === 0) continue;
      const bytes = Buffer.from(all.subarray(offset, offset + length));
      for (let at = 0; at < length; at += pieceLength)
        if (this.#roll(100) < plan.changedPercent) {
          const place = at + this.#roll(Math.min(pieceLength, length - at));
          bytes[place] = (bytes[place] ?? 0) ^ 0xff;
        }
      const names = plan.how === 'same' ? rawPath : [`other${i}`];
      const before = Buffer.alloc(plan.how === 'moved' ? pieceLength : 0, 7);
      this.#put(names, Buffer.concat([before, bytes]));
    }
  }

  /** Another program changes them. */
  change(): void {
    for (const file of this.#files) {
      const { inode } = file;
      const at = this.#roll(inode.bytes.length);
      if (this.#roll(2) === 0) inode.truncate(at, this.#disk.now);
      else inode.write(Buffer.alloc(Math.min(50_000, inode.bytes.length - at)), at, this.#disk.now);
      inode.flush();
      file.bytes = Buffer.from(inode.bytes);
    }
  }

  /** What is wrong with them, in words: nobody but that program may change them. */
  get wrong(): string[] {
    return this.#files
      .filter(({ inode, bytes }) => !inode.bytes.equals(bytes) || inode.names !== 1)
      .map(() => 'a file that is only to be read was changed');
  }

  #put(names: readonly string[], bytes: Buffer): void {
    let folder = this.#disk.root;
    const elements = [...this.folder.split('/').slice(1), ...names];
    const name = elements.pop() ?? '';
    for (const element of elements)
      folder = folder.entries.get(element) ?? this.#disk.make('folder', folder, element, 0o755);
    const inode = this.#disk.make('file', folder, name, 0o600);
    inode.write(bytes, 0, this.#disk.now);
    inode.flush();
    this.#files.push({ inode, bytes: Buffer.from(bytes) });
  }
}
