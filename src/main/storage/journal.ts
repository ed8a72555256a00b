/**
 * The journal of an unfinished download: which pieces are verified, and how their files looked when their data had reached
 * the disk. It lies beside the download and is replaced as a whole, so that a crash leaves the old one or the new one.
 * What it claims is believed only as far as `resume.ts` allows: a wrong journal costs a recheck, never data.
 *
 * Form: one line of JSON; one line with its HMAC-SHA256 under the user's key, or `-` where there is none.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type BigIntStats, closeSync, constants, readFileSync, readSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Folder } from '../../shared/folder.ts';
import { MAX_JOURNAL_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { JournalKey } from './journal-key.ts';
import { nameBeside } from './names/name-beside.ts';
import type { StoragePlan } from './storage-plan.ts';

const VERSION = 2;
/** How every journal begins, of each version, also one that was cut or is empty. */
const BEGINNING = /^(?:$|\{"v":\d{1,3},"infoHash":"|\{(?:"(?:v(?:":(?:\d{1,3}(?:,"?[a-zA-Z]{0,8})?)?)?)?)?$)/;
const BEGINNING_BYTES = 64;

/** How a file looked. Times in nanoseconds as text: JSON has no integers of that size. */
export interface FileStamp {
  readonly size: number;
  readonly modified: string;
  /** Nobody can set this one back. */
  readonly changed: string;
  readonly inode: string;
  readonly born: string;
}

export interface Journal {
  /**
   * `signed`: this user's, all of it counts. `own`: of this user's account, and no key speaks for it: it claims no piece, and
   * says that a file is no stranger's.
   */
  readonly kind: 'signed' | 'own';
  /** One bit a piece, high bit first, as in a BEP 3 bitfield. */
  readonly verified: Uint8Array;
  /** How each file of the plan looked; null where it was not there, or is not ours. */
  readonly stamps: readonly (FileStamp | null)[];
}

/** The journal's place: a folder, and a name in it. */
export interface JournalPlace {
  readonly folder: Folder;
  readonly name: string;
}

/** Beside the download, and with room for `.new` and `.lock` behind it. */
export function journalName(plan: StoragePlan): string {
  return nameBeside(basename(plan.root), '.unchoke');
}

/** A name in the same folder for what is renamed or gone in a moment. */
export function passingName(): string {
  return `.unchoke-${randomBytes(8).toString('hex')}`;
}

export function stampOf(stats: BigIntStats): FileStamp {
  return {
    size: Number(stats.size),
    modified: String(stats.mtimeNs),
    changed: String(stats.ctimeNs),
    inode: String(stats.ino),
    born: String(stats.birthtimeNs),
  };
}

/** The journal of this very torrent; null where there is none, or none that says anything. Never throws. */
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
      stamps: (readonly [number, number, number, string, string, string, string])[];
    };
    const bits = Buffer.from(verified, 'base64');
    if (infoHash !== Buffer.from(metainfo.infoHash).toString('hex')) return null;
    if (bits.length !== Math.ceil(metainfo.geometry.pieceCount / 8)) return null;
    // Anybody can write one of an earlier version: it says nothing, and what is there is hashed.
    if (v !== VERSION) return null;
    const byPlace = new Map(
      stamps.map(([offset, length, size, modified, changed, inode, born]) => [
        `${offset} ${length}`,
        { size, modified, changed, inode, born },
      ]),
    );
    // Other files may have been selected then.
    const files = plan.files.map(({ offset, length }) => byPlace.get(`${offset} ${length}`) ?? null);
    if (key !== null && isSigned(line, sum, key)) return { kind: 'signed', verified: bits, stamps: files };
    return read.isOwn ? { kind: 'own', verified: bits, stamps: files } : null;
  } catch {
    return null;
  }
}

/**
 * Replaces the journal. The data of the pieces that it claims must be on disk already. `durable`: flushed as well. Rejects
 * with the system's error, or a `disk` failure where something that is no journal is in the way.
 */
export async function writeJournal(
  { folder, name }: JournalPlace,
  plan: StoragePlan,
  metainfo: Metainfo,
  journal: Pick<Journal, 'verified' | 'stamps'>,
  key: JournalKey | null,
  durable: boolean,
): Promise<void> {
  const line = JSON.stringify({
    v: VERSION,
    infoHash: Buffer.from(metainfo.infoHash).toString('hex'),
    verified: Buffer.from(journal.verified).toString('base64'),
    // Without names: there may be a hundred thousand. Empty files share their place, and need none.
    stamps: journal.stamps.flatMap((stamp, i) => {
      const { offset, length } = plan.files[i] ?? { offset: 0, length: 0 };
      if (stamp === null || length === 0) return [];
      return [[offset, length, stamp.size, stamp.modified, stamp.changed, stamp.inode, stamp.born]];
    }),
  });
  if (entryOf(folder, name) === 'other') throw inTheWay(folder, name);
  const next = await nextName(folder, name);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(folder.at(next), flags, 0o666);
  try {
    try {
      await file.writeFile(`${line}\n${key === null ? '-' : hmac(line, key)}\n`);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(folder.at(next), folder.at(name));
  } catch (error) {
    // As on a full disk, where what was written of it takes the place of data.
    await unlink(folder.at(next));
    throw error;
  }
  if (durable) await syncFolder(folder);
}

/** Removes what is a journal, and nothing else. */
export async function removeJournal({ folder, name }: JournalPlace): Promise<void> {
  for (const entry of [name, `${name}.new`])
    if (entryOf(folder, entry) === 'journal') await unlink(folder.at(entry));
  if (entryOf(folder, name) === 'other') throw inTheWay(folder, name);
}

/** What the next journal is called until it is whole. What a killed run left there goes; what is another's stays. */
async function nextName(folder: Folder, name: string): Promise<string> {
  const next = `${name}.new`;
  const entry = entryOf(folder, next);
  if (entry === 'other') return passingName();
  if (entry === 'journal') await unlink(folder.at(next));
  return next;
}

/** `journal`: one of ours, whole or cut. */
function entryOf(folder: Folder, name: string): 'nothing' | 'journal' | 'other' {
  const stats = folder.look(name);
  if (stats === null) return 'nothing';
  if (!stats.isFile() || stats.nlink > 1n) return 'other';
  const { descriptor } = folder.openFile(name, constants.O_RDONLY);
  try {
    const beginning = Buffer.alloc(BEGINNING_BYTES);
    const bytes = readSync(descriptor, beginning, 0, beginning.length, 0);
    return BEGINNING.test(beginning.toString('latin1', 0, bytes)) ? 'journal' : 'other';
  } finally {
    closeSync(descriptor);
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
      text: readFileSync(descriptor, 'utf8'),
      isOwn: Number(stats.uid) === (process.geteuid?.() ?? Number(stats.uid)),
    };
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the rename itself durable; not every filesystem can. */
async function syncFolder(folder: Folder): Promise<void> {
  try {
    const handle = await open(folder.at('.'), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The journal is whole either way: then the old one may come back after a power loss.
  }
}

function isSigned(line: string, sum: string, key: JournalKey): boolean {
  const [ours, theirs] = [Buffer.from(hmac(line, key)), Buffer.from(sum)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

function hmac(line: string, key: JournalKey): string {
  return createHmac('sha256', key).update(line).digest('hex');
}
