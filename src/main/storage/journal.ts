/**
 * The journal of an unfinished download: which pieces are verified, and how their files looked when their data was flushed. It
 * is beside the download and is replaced as a whole, so a crash leaves the old or the new one. Its claims are trusted only as
 * far as `resume.ts` allows: a wrong journal costs a check, never data.
 *
 * Format: one line of JSON, then one line with its HMAC-SHA256 under the user's key, or `-` without a key.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { assertCannotFlush, type FileStats, writeAll } from '../../shared/file-system.ts';
import type { Folder } from '../../shared/folder.ts';
import { MAX_JOURNAL_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { JournalKey } from './journal-key.ts';
import type { StoragePlan } from './storage-plan.ts';

const VERSION = 2;
/** The beginning of every journal, in each version, also of a cut or empty one. */
const BEGINNING = /^(?:$|\{"v":\d{1,3},"infoHash":"|\{(?:"(?:v(?:":(?:\d{1,3}(?:,"?[a-zA-Z]{0,8})?)?)?)?)?$)/;
const BEGINNING_BYTES = 64;
/** In the entry of a doubted file. */
const DOUBTED = 1;

/** How a file looked. Times are nanoseconds as text, because JSON has no integers of that size. */
export interface FileStamp {
  readonly size: number;
  readonly modified: string;
  /** This time cannot be set back. */
  readonly changed: string;
  readonly inode: string;
  readonly born: string;
}

export interface Journal {
  /**
   * `signed`: signed by this user; everything counts. `own`: owned by this user's account but without a valid signature; it
   * claims no piece, but proves that a file is ours.
   */
  readonly kind: 'signed' | 'own';
  /** One bit per piece, high bit first, as in a BEP 3 bitfield. */
  readonly verified: Uint8Array;
  /** How each file of the plan looked; null if it was missing or is not ours. */
  readonly stamps: readonly (FileStamp | null)[];
  /** Files of the plan with a failed flush: of what is found in them, only what is claimed is on disk for certain. */
  readonly doubted: ReadonlySet<number>;
}

/** The journal's place: a folder and a name in it. */
export interface JournalPlace {
  readonly folder: Folder;
  readonly name: string;
}

/** This user's journal says that the piece is on disk. */
export function claims(journal: Journal | null, piece: number): boolean {
  return journal?.kind === 'signed' && lists(journal, piece);
}

/** The same of a journal whose key is lost: it lists the piece. */
export function lists({ verified }: Journal, piece: number): boolean {
  return ((verified[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
}

/** A name in the same folder for a temporary file. */
export function passingName(): string {
  return `.unchoke-${randomBytes(8).toString('hex')}`;
}

export function stampOf(stats: FileStats): FileStamp {
  return {
    size: Number(stats.size),
    modified: String(stats.mtimeNs),
    changed: String(stats.ctimeNs),
    inode: String(stats.ino),
    born: String(stats.birthtimeNs),
  };
}

/** The journal of this torrent; null if there is none that counts. Never throws. */
export function readJournal(
  { folder, name }: JournalPlace,
  plan: StoragePlan,
  metainfo: Metainfo,
  key: JournalKey | null,
): Journal | null {
  try {
    const read = readWhole(folder, name);
    if (read === null) return null;
    const [line = '', sum = ''] = read.text.split('\n');
    const { v, infoHash, verified, stamps } = JSON.parse(line) as {
      v: number;
      infoHash: string;
      verified: string;
      stamps: (readonly [number, number, number, string, string, string, string, number?])[];
    };
    const bits = Buffer.from(verified, 'base64');
    if (infoHash !== Buffer.from(metainfo.infoHash).toString('hex')) return null;
    if (bits.length !== Math.ceil(metainfo.geometry.pieceCount / 8)) return null;
    // Anyone can write a journal of an earlier version: it proves nothing, and everything is hashed.
    if (v !== VERSION) return null;
    const byPlace = new Map(stamps.map((entry) => [`${entry[0]} ${entry[1]}`, entry]));
    // Other files may have been selected at that time.
    const entries = plan.files.map(({ offset, length }) => byPlace.get(`${offset} ${length}`) ?? null);
    const isOurs = key !== null && isSigned(line, sum, key);
    if (!isOurs && !read.isOwn) return null;
    return {
      kind: isOurs ? 'signed' : 'own',
      verified: bits,
      stamps: entries.map((entry) => {
        if (entry === null) return null;
        const [, , size, modified, changed, inode, born] = entry;
        return { size, modified, changed, inode, born };
      }),
      doubted: new Set([...entries.keys()].filter((file) => entries[file]?.[7] === DOUBTED)),
    };
  } catch {
    return null;
  }
}

/**
 * Replaces the journal. The data of the claimed pieces must be on disk already. It is flushed as well. Rejects with the
 * system's error, or with a `disk` failure if a file that is not a journal is in the way.
 */
export async function writeJournal(
  { folder, name }: JournalPlace,
  plan: StoragePlan,
  metainfo: Metainfo,
  journal: Omit<Journal, 'kind'>,
  key: JournalKey | null,
): Promise<void> {
  const line = JSON.stringify({
    v: VERSION,
    infoHash: Buffer.from(metainfo.infoHash).toString('hex'),
    verified: Buffer.from(journal.verified).toString('base64'),
    // Without names, because there may be a hundred thousand. Empty files share their offset and need no entry.
    stamps: journal.stamps.flatMap((stamp, i) => {
      const { offset, length } = plan.files[i] ?? { offset: 0, length: 0 };
      if (stamp === null || length === 0) return [];
      const entry = [offset, length, stamp.size, stamp.modified, stamp.changed, stamp.inode, stamp.born];
      return [journal.doubted.has(i) ? [...entry, DOUBTED] : entry];
    }),
  });
  if (entryOf(folder, name) === 'other') throw inTheWay(folder, name);
  const next = await nextName(folder, name);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const { files } = folder;
  const file = files.open(folder.at(next), flags, 0o666);
  try {
    try {
      await writeAll(files, file, Buffer.from(`${line}\n${key === null ? '-' : hmac(line, key)}\n`), 0);
      await files.slow.fsync(file).catch(assertCannotFlush);
    } finally {
      files.close(file);
    }
    await files.slow.rename(folder.at(next), folder.at(name));
  } catch (error) {
    // For example on a full disk, where the written part takes space from the data.
    await files.slow.unlink(folder.at(next));
    throw error;
  }
  await syncFolder(folder);
}

/** Removes a journal and nothing else. */
export async function removeJournal({ folder, name }: JournalPlace): Promise<void> {
  for (const entry of [name, `${name}.new`])
    if (entryOf(folder, entry) === 'journal') await folder.files.slow.unlink(folder.at(entry));
  if (entryOf(folder, name) === 'other') throw inTheWay(folder, name);
}

/** The temporary name of the next journal. The rest of a killed run is removed; a foreign file stays. */
async function nextName(folder: Folder, name: string): Promise<string> {
  const next = `${name}.new`;
  const entry = entryOf(folder, next);
  if (entry === 'other') return passingName();
  if (entry === 'journal') await folder.files.slow.unlink(folder.at(next));
  return next;
}

/** `journal`: one of ours, complete or cut. */
function entryOf(folder: Folder, name: string): 'nothing' | 'journal' | 'other' {
  const stats = folder.look(name);
  if (stats === null) return 'nothing';
  if (!stats.isFile() || stats.nlink > 1n) return 'other';
  const { descriptor } = folder.openFile(name, constants.O_RDONLY);
  try {
    const beginning = Buffer.alloc(BEGINNING_BYTES);
    const bytes = folder.files.read(descriptor, beginning, 0, beginning.length, 0);
    return BEGINNING.test(beginning.toString('latin1', 0, bytes)) ? 'journal' : 'other';
  } finally {
    folder.files.close(descriptor);
  }
}

function inTheWay(folder: Folder, name: string): Failure {
  return new Failure(
    'disk',
    `${folder.path}/${name}: not a journal of unchoke, so unchoke keeps this file and writes no journal; move it away to get one`,
  );
}

function readWhole(folder: Folder, name: string): { text: string; isOwn: boolean } | null {
  const { descriptor, stats } = folder.openFile(name, constants.O_RDONLY);
  try {
    if (stats.size > MAX_JOURNAL_BYTES) return null;
    return {
      text: folder.files.readWhole(descriptor).toString('utf8'),
      isOwn: Number(stats.uid) === (process.geteuid?.() ?? Number(stats.uid)),
    };
  } finally {
    folder.files.close(descriptor);
  }
}

/** Makes the rename itself durable; not every file system can. */
async function syncFolder(folder: Folder): Promise<void> {
  try {
    const descriptor = folder.files.open(folder.at('.'), constants.O_RDONLY);
    try {
      await folder.files.slow.fsync(descriptor);
    } finally {
      folder.files.close(descriptor);
    }
  } catch {
    // The journal is complete either way; only after a power loss the old one may come back.
  }
}

function isSigned(line: string, sum: string, key: JournalKey): boolean {
  const [ours, theirs] = [Buffer.from(hmac(line, key)), Buffer.from(sum)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

function hmac(line: string, key: JournalKey): string {
  return createHmac('sha256', key).update(line).digest('hex');
}
