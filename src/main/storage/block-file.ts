/**
 * The blocks of unfinished pieces between two runs, in a file beside the journal. Nothing in it is verified: a wrong one costs a piece
 * that fails its hash. It is removed as soon as it is read, so it takes space only while no run has the blocks in memory.
 *
 * Format: one line of JSON, `{"v":1,"blocksOf":"<info hash>","pieces":[[<piece>,"<one bit per block, base64>"],…]}`. Then the blocks, one
 * after the other, in the order of that line.
 */
import { constants } from 'node:fs';
import { type FileSystem, writeAll } from '../../shared/file-system.ts';
import type { Folder } from '../../shared/folder.ts';
import { blocksOfPiece, type Geometry, lengthOfBlock } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_BLOCK_FILE_LINE_BYTES } from '../../shared/limits.ts';

const BEGINNING = '{"v":1,"blocksOf":"';

/** Blocks `from` to `to`, without `to`. */
export interface BlockRun {
  readonly from: number;
  readonly to: number;
}

export interface KeptPiece {
  readonly piece: PieceIndex;
  /** In ascending order. */
  readonly runs: readonly BlockRun[];
}

/** The bytes of a run in memory. */
type Memory = (run: BlockRun) => Uint8Array;

interface Opened {
  readonly descriptor: number;
  readonly pieces: readonly KeptPiece[];
  /** Where the blocks begin. */
  readonly at: number;
}

export class BlockFile {
  readonly #folder: Folder;
  readonly #assertOurs: () => void;
  readonly #name: string;
  readonly #infoHash: string;
  readonly #geometry: Geometry;

  /** `place`: of the download; where another run has taken it over, its file is not touched. */
  constructor(
    { root, assertOurs }: { readonly root: Folder; readonly assertOurs: () => void },
    name: string,
    infoHash: Uint8Array,
    geometry: Geometry,
  ) {
    this.#folder = root;
    this.#assertOurs = assertOurs;
    this.#name = name;
    this.#infoHash = Buffer.from(infoHash).toString('hex');
    this.#geometry = geometry;
  }

  /** Rejects with the system's error, and leaves nothing then. A file that is not ours stays: it rejects as well. */
  async write(kept: readonly { readonly piece: KeptPiece; readonly memory: Memory }[]): Promise<void> {
    await this.remove();
    const { files } = this.#folder;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const { descriptor } = this.#folder.openFile(this.#name, flags);
    try {
      const line = this.#lineOf(kept.map(({ piece }) => piece));
      await writeAll(files, descriptor, line, 0);
      let at = line.length;
      for (const { piece, memory } of kept)
        for (const run of piece.runs) {
          const bytes = memory(run);
          await writeAll(files, descriptor, bytes, at);
          at += bytes.length;
        }
    } catch (error) {
      // A full disk: what was written would take the space of the data.
      await files.slow.unlink(this.#folder.at(this.#name));
      throw error;
    } finally {
      files.close(descriptor);
    }
  }

  /**
   * Reads each piece into the memory that `place` gives for it; null: it is not needed. `onPiece` gets the pieces whose blocks are all
   * there. Then the file is removed. It does nothing if there is no such file. Rejects with the system's error.
   */
  async take(
    place: (piece: PieceIndex) => Memory | null,
    onPiece: (piece: KeptPiece) => void,
  ): Promise<void> {
    if (!this.#isOurs()) return;
    const opened = await this.#open();
    if (opened === null) return;
    const { slow } = this.#folder.files;
    let { at } = opened;
    try {
      for (const piece of opened.pieces) {
        const memory = place(piece.piece);
        for (const run of piece.runs) {
          const length = this.#lengthOf(piece.piece, run);
          if (memory !== null && !(await readAll(slow, opened.descriptor, memory(run), at))) return;
          at += length;
        }
        if (memory !== null) onPiece(piece);
      }
    } finally {
      this.#folder.files.close(opened.descriptor);
      await this.remove();
    }
  }

  /** Removes the file if it is ours. Rejects with a `disk` failure if another run has the place. */
  async remove(): Promise<void> {
    this.#assertOurs();
    if (this.#isOurs()) await this.#folder.files.slow.unlink(this.#folder.at(this.#name));
  }

  /** It has our beginning, or was cut before it. */
  #isOurs(): boolean {
    const stats = this.#folder.look(this.#name);
    if (stats === null || !stats.isFile() || stats.nlink > 1n) return false;
    const { files } = this.#folder;
    const { descriptor } = this.#folder.openFile(this.#name, constants.O_RDONLY);
    try {
      const beginning = Buffer.alloc(BEGINNING.length);
      const count = files.read(descriptor, beginning, 0, beginning.length, 0);
      return BEGINNING.startsWith(beginning.toString('latin1', 0, count));
    } finally {
      files.close(descriptor);
    }
  }

  #lineOf(pieces: readonly KeptPiece[]): Buffer {
    const entries = pieces.map(({ piece, runs }) => [piece, this.#marksOf(piece, runs)]);
    const line = Buffer.from(`${JSON.stringify({ v: 1, blocksOf: this.#infoHash, pieces: entries })}\n`);
    if (line.length > MAX_BLOCK_FILE_LINE_BYTES) throw new RangeError('too many pieces for one line');
    return line;
  }

  #marksOf(piece: PieceIndex, runs: readonly BlockRun[]): string {
    const marks = Buffer.alloc(Math.ceil(blocksOfPiece(this.#geometry, piece) / 8));
    for (const { from, to } of runs)
      for (let block = from; block < to; block++)
        marks[block >>> 3] = (marks[block >>> 3] ?? 0) | (0x80 >>> (block & 7));
    return marks.toString('base64');
  }

  /** Null if its line is not one of this torrent: then nothing of it is used. */
  async #open(): Promise<Opened | null> {
    const { files } = this.#folder;
    const { descriptor } = this.#folder.openFile(this.#name, constants.O_RDONLY);
    let opened: Opened | null = null;
    try {
      const beginning = Buffer.alloc(MAX_BLOCK_FILE_LINE_BYTES);
      const count = await files.slow.read(descriptor, beginning, 0);
      const end = beginning.subarray(0, count).indexOf('\n');
      const pieces = end < 0 ? null : this.#piecesOf(beginning.toString('utf8', 0, end));
      if (pieces !== null) opened = { descriptor, pieces, at: end + 1 };
    } finally {
      if (opened === null) files.close(descriptor);
    }
    return opened;
  }

  /** Anyone who can write to the folder can write such a file, so each number is checked. */
  #piecesOf(line: string): KeptPiece[] | null {
    try {
      const { v, blocksOf, pieces } = JSON.parse(line) as {
        v: number;
        blocksOf: string;
        pieces: (readonly [number, string])[];
      };
      if (v !== 1 || blocksOf !== this.#infoHash) return null;
      return pieces.map(([index, text]) => {
        if (!Number.isInteger(index) || index < 0 || index >= this.#geometry.pieceCount)
          throw new RangeError('no such piece');
        const piece = index as PieceIndex;
        const marks = Buffer.from(text, 'base64');
        const isMarked = (block: number): boolean =>
          ((marks[block >>> 3] ?? 0) & (0x80 >>> (block & 7))) !== 0;
        return { piece, runs: blockRuns(blocksOfPiece(this.#geometry, piece), isMarked) };
      });
    } catch {
      return null;
    }
  }

  #lengthOf(piece: PieceIndex, { from, to }: BlockRun): number {
    let bytes = 0;
    for (let block = from; block < to; block++) bytes += lengthOfBlock(this.#geometry, piece, block);
    return bytes;
  }
}

/** The blocks of a piece of so many blocks that are marked. */
export function blockRuns(blocks: number, isMarked: (block: number) => boolean): BlockRun[] {
  const runs: BlockRun[] = [];
  let from: number | null = null;
  for (let block = 0; block <= blocks; block++) {
    if (block < blocks && isMarked(block)) from ??= block;
    else if (from !== null) {
      runs.push({ from, to: block });
      from = null;
    }
  }
  return runs;
}

/** False: the file ends before. */
async function readAll(
  slow: FileSystem['slow'],
  descriptor: number,
  into: Uint8Array,
  position: number,
): Promise<boolean> {
  for (let done = 0; done < into.length; ) {
    const count = await slow.read(descriptor, into.subarray(done), position + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}
