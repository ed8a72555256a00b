/** Compares files on disk with a torrent, for `verify`: hashes their pieces, and looks closer at those that are not right. */
import { Folder } from '../../shared/folder.ts';
import { dataOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import { rootOfPiece } from '../../shared/piece-hashes.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import { hashesOf, lacksPieceHashes, type Metainfo } from '../torrent/metainfo.ts';
import { partIn, placeOf } from './edge-pieces.ts';
import { EdgeRecord } from './edge-record.ts';
import { type FileVerdict, fileVerdict, type Look } from './file-verdicts.ts';
import { readJournal } from './journal.ts';
import { layersFromData } from './layers-from-data.ts';
import { journalName } from './names/name-beside.ts';
import { type PartState, PartVerdicts } from './part-verdicts.ts';
import { checkOnDisk } from './piece-check.ts';
import { filesOfPiece, type StoragePlan } from './storage-plan.ts';

const ONLY_TORRENT = 1 as TorrentId;

export interface Verification {
  /** Of the selected files. */
  readonly files: readonly FileVerdict[];
  /** Their pieces, and those of them that are right in all selected files. */
  readonly pieces: number;
  readonly goodPieces: number;
}

export class FilesToVerify {
  readonly #metainfo: Metainfo;
  readonly #plan: StoragePlan;
  readonly #looks: readonly Look[];
  readonly #selected: ReadonlySet<number>;
  readonly #record: EdgeRecord;
  /** Ascending. */
  readonly #pieces: readonly PieceIndex[];
  /** 1 for each piece with the right hash. */
  readonly #good: Uint8Array;

  /** `plan`: of all files. `looks`: by file of the plan. `selected`: files of the plan; null for all. */
  constructor(
    metainfo: Metainfo,
    plan: StoragePlan,
    looks: readonly Look[],
    selected: ReadonlySet<number> | null,
  ) {
    this.#metainfo = metainfo;
    this.#plan = plan;
    this.#looks = looks;
    this.#selected = selected ?? new Set(plan.files.keys());
    this.#record = new EdgeRecord(metainfo.infoHash, null);
    const { geometry: g } = metainfo;
    this.#good = new Uint8Array(g.pieceCount);
    const isChecked = new Uint8Array(g.pieceCount).fill(selected === null ? 1 : 0);
    for (const file of this.#selected) {
      const { first, end } = piecesOf(g, plan.files[file] ?? { offset: 0, length: 0 });
      isChecked.fill(1, first, end);
    }
    this.#pieces = [...isChecked.keys()].filter((piece) => isChecked[piece] === 1) as PieceIndex[];
  }

  /** Bytes that are checked. */
  get bytes(): number {
    return this.#bytesOf(this.#pieces);
  }

  /** `onChecked`: so many more bytes. Rejects as a check of the disk does. */
  async verify(pool: StoragePool, onChecked: (bytes: number) => void): Promise<Verification> {
    const { geometry: g } = this.#metainfo;
    const readable = [...this.#plan.files.keys()].filter((file) => this.#looks[file]?.kind === 'file');
    const files = readable.map((file) => this.#fileOf(file));
    const stored = pool.register(ONLY_TORRENT, {
      arena: null,
      geometry: g,
      hashes: hashesOf(this.#metainfo),
      files,
      padding: this.#plan.padding,
      followLinks: true,
    });
    await this.#check(stored, (pieces) => onChecked(this.#bytesOf(pieces)));
    const states = await this.#look(stored, readable);
    const parts = new PartVerdicts(
      {
        files: this.#plan.files,
        geometry: g,
        good: this.#good,
        stateOf: (file, piece) => this.#stateOf(file, piece, states),
        isClaimed: this.#claims(),
      },
      this.#pieces,
    );
    await this.#record.close(false);
    const verdicts = [...this.#selected]
      .sort((one, other) => one - other)
      .map((file) => fileVerdict(this.#judged(file), file, parts, g));
    const isGood = (piece: PieceIndex): boolean => {
      if (this.#good[piece] === 1) return true;
      const selected = [...filesOfPiece(this.#plan, g, piece)].filter((file) => this.#selected.has(file));
      return selected.length > 0 && selected.every((file) => parts.of(file, piece) === 'good');
    };
    return {
      files: verdicts,
      pieces: this.#pieces.length,
      goodPieces: this.#pieces.filter(isGood).length,
    };
  }

  async #check(stored: StoredTorrent, onHashed: (pieces: readonly PieceIndex[]) => void): Promise<void> {
    const hashed = new Set<PieceIndex>();
    const note = (pieces: readonly PieceIndex[]): void => {
      for (const piece of pieces) hashed.add(piece);
      onHashed(pieces);
    };
    // A hybrid has other hashes.
    if (lacksPieceHashes(this.#metainfo)) {
      const whole = [...this.#selected].filter((file) => this.#sizeOf(file) === this.#fileOf(file).length);
      const found = await layersFromData(stored, this.#metainfo, {
        whole: whole.map((file) => this.#fileOf(file)),
        onHashed: note,
      });
      for (const piece of found.proven) this.#good[piece] = 1;
    }
    const left = this.#pieces.filter((piece) => !hashed.has(piece));
    await checkOnDisk(stored, this.#metainfo, left, (part) => {
      for (const piece of part.good) this.#good[piece] = 1;
      onHashed([...part.good, ...part.bad, ...part.missing]);
    });
  }

  /** What is there of the pieces that are not right, by file and start of the part. */
  async #look(stored: StoredTorrent, readable: readonly number[]): Promise<ReadonlyMap<string, PartState>> {
    const { geometry: g } = this.#metainfo;
    const plan = { files: readable.map((file) => this.#fileOf(file)) };
    const ranges = this.#pieces
      .filter((piece) => this.#good[piece] !== 1)
      .flatMap((piece) =>
        [...filesOfPiece(plan, g, piece)].map((file) => partIn(plan, file, piece, g, this.#record)),
      );
    const known = new Set(ranges.filter(({ digest }) => digest !== null).map(placeOf));
    const states = new Map<string, PartState>();
    for (const seen of await stored.look(ranges)) {
      const state = seen.state === 'other' && known.has(placeOf(seen)) ? 'wrong' : seen.state;
      states.set(placeOf({ file: readable[seen.file] ?? 0, from: seen.from }), state);
    }
    return states;
  }

  #stateOf(file: number, piece: PieceIndex, states: ReadonlyMap<string, PartState>): PartState {
    const look = this.#looks[file];
    if (look?.kind === 'unusable') return 'unreadable';
    const part = partIn(this.#plan, file, piece, this.#metainfo.geometry, this.#record);
    if (look?.kind !== 'file' || look.size < part.to) return 'absent';
    return states.get(placeOf(part)) ?? 'absent';
  }

  /** Its signature does not matter here: it decides only about words. */
  #claims(): (file: number, piece: PieceIndex) => boolean | null {
    const { folder, root } = this.#plan;
    const opened = Folder.open(folder);
    try {
      const place = { folder: opened, name: journalName(root) };
      const journal = readJournal(place, this.#plan, this.#metainfo, null);
      return (file, piece) => {
        if (journal === null || journal.stamps[file] == null) return null;
        return ((journal.verified[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
      };
    } finally {
      opened.close();
    }
  }

  #judged(file: number) {
    const { sha1, trees } = hashesOf(this.#metainfo);
    const stored = this.#fileOf(file);
    const { first } = piecesOf(this.#metainfo.geometry, stored);
    const isUnhashed =
      stored.length > 0 && sha1 === null && trees !== null && rootOfPiece(trees, first) === null;
    return { file: stored, look: this.#looks[file] ?? { kind: 'nothing' as const }, isUnhashed };
  }

  #fileOf(file: number): StoragePlan['files'][number] {
    return this.#plan.files[file] ?? { path: '', offset: 0, length: 0 };
  }

  #sizeOf(file: number): number | null {
    const look = this.#looks[file];
    return look?.kind === 'file' ? look.size : null;
  }

  #bytesOf(pieces: readonly PieceIndex[]): number {
    return pieces.reduce((sum, piece) => sum + dataOfPiece(this.#metainfo.geometry, piece), 0);
  }
}
