/** The torrent's bytes in the order of the files: which stretch of them is in which file. */
import type { StoredFiles } from '../../shared/stored-files.ts';

/** A stretch of the torrent's bytes: in a file of the plan, or (file null) padding. Bytes outside all stretches are not kept. */
interface Stretch {
  readonly file: number | null;
  readonly offset: number;
  readonly length: number;
}

export class Stretches {
  readonly #all: readonly Stretch[];

  constructor({ files, padding }: Pick<StoredFiles, 'files' | 'padding'>) {
    const stretches = files.map(({ offset, length }, file) => ({ file, offset, length }));
    const zeros = padding.map((pad) => ({ ...pad, file: null }));
    this.#all = [...stretches, ...zeros]
      .filter(({ length }) => length > 0)
      .sort((a, b) => a.offset - b.offset);
  }

  /** Calls `visit` for each stretch that `bytes`, from `offset` of the torrent on, touch, until it returns false. `at`: position in the file. */
  each(
    offset: number,
    bytes: Uint8Array,
    visit: (file: number | null, at: number, part: Uint8Array) => boolean,
  ): boolean {
    for (const { file, at, from, length } of this.of(offset, bytes.length))
      if (!visit(file, at, bytes.subarray(from, from + length))) return false;
    return true;
  }

  /** The stretches of `[offset, offset + length)` in their order: `at` is the position in the file, `from` that in the range. */
  *of(
    offset: number,
    length: number,
  ): Iterable<{
    readonly file: number | null;
    readonly at: number;
    readonly from: number;
    readonly length: number;
  }> {
    const end = offset + length;
    for (let i = this.#indexAt(offset); i < this.#all.length; i++) {
      const stretch = this.#all[i] as Stretch;
      if (stretch.offset >= end) return;
      const from = Math.max(offset, stretch.offset);
      const to = Math.min(end, stretch.offset + stretch.length);
      if (from < to)
        yield { file: stretch.file, at: from - stretch.offset, from: from - offset, length: to - from };
    }
  }

  /** The last stretch that begins at or before `offset`: a binary search, for torrents with many thousands of files. */
  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#all.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#all[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
