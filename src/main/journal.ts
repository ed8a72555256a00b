/**
 * The journal of an unfinished download: which pieces are verified, and how their files looked when their data had reached
 * the disk. It lies beside the download and is replaced as a whole, so that a crash leaves the old one or the new one.
 * What it claims is believed only as far as `resume.ts` allows: a wrong journal costs a recheck, never data.
 *
 * Form: one line of JSON, one line with the SHA-256 of the first.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskPath } from '../shared/byte-name.ts';
import { MAX_JOURNAL_BYTES } from '../shared/limits.ts';
import { nameBeside } from './names/name-beside.ts';
import type { StoragePlan } from './storage.ts';
import type { Metainfo } from './torrent/metainfo.ts';

const VERSION = 1;

export interface FileStamp {
  readonly size: number;
  readonly mtimeMs: number;
}

export interface Journal {
  /** One bit a piece, high bit first, as in a BEP 3 bitfield. */
  readonly verified: Uint8Array;
  /** How each file of the plan looked; null where it was not there. */
  readonly stamps: readonly (FileStamp | null)[];
}

export function journalPath(plan: StoragePlan): string {
  return join(dirname(plan.root), nameBeside(basename(plan.root), '.unchoke'));
}

export function stampOf(path: string): FileStamp | null {
  const stats = statSync(diskPath(path), { throwIfNoEntry: false });
  return stats === undefined ? null : { size: stats.size, mtimeMs: stats.mtimeMs };
}

/** The journal of this very torrent; null where there is none, or none that can be believed. Never throws. */
export function readJournal(plan: StoragePlan, metainfo: Metainfo): Journal | null {
  try {
    const path = journalPath(plan);
    if (statSync(path).size > MAX_JOURNAL_BYTES) return null;
    const [line, sum] = readFileSync(path, 'utf8').split('\n');
    if (line === undefined || sum !== checksum(line)) return null;
    const told = JSON.parse(line) as {
      v: number;
      infoHash: string;
      verified: string;
      stamps: (FileStamp | null)[];
    };
    const verified = Buffer.from(told.verified, 'base64');
    const fits =
      told.v === VERSION &&
      told.infoHash === Buffer.from(metainfo.infoHash).toString('hex') &&
      verified.length === Math.ceil(metainfo.geometry.pieceCount / 8) &&
      told.stamps.length === plan.files.length;
    return fits ? { verified, stamps: told.stamps } : null;
  } catch {
    return null;
  }
}

/** Replaces the journal. The data of the pieces that it claims must be on disk already. Rejects with the system's error. */
export async function writeJournal(plan: StoragePlan, metainfo: Metainfo, journal: Journal): Promise<void> {
  const line = JSON.stringify({
    v: VERSION,
    infoHash: Buffer.from(metainfo.infoHash).toString('hex'),
    verified: Buffer.from(journal.verified).toString('base64'),
    stamps: journal.stamps,
  });
  const path = journalPath(plan);
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile(`${line}\n${checksum(line)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(dirname(path));
}

export async function removeJournal(plan: StoragePlan): Promise<void> {
  await rm(journalPath(plan), { force: true });
  await rm(`${journalPath(plan)}.new`, { force: true });
}

/** Makes the rename itself durable; not every filesystem can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch {
    // The journal is whole either way: then the old one may come back after a power loss.
  } finally {
    await folder.close();
  }
}

function checksum(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}
