/** What the files of a download need at their start, and their listener. */
import type { PlainFileParts } from '../torrent/plain-file-parts.ts';
import type { JournalKey } from './journal-key.ts';
import type { Reuse } from './reuse/reuse.ts';

export interface DownloadFilesOptions {
  readonly key: JournalKey | null;
  /** Replace files that do not belong to the torrent; never links, folders or devices. */
  readonly overwrite: boolean;
  /** Reserve the disk space before the first byte arrives. */
  readonly preallocate: boolean;
  /** Other files from which pieces are taken; null: none. */
  readonly reuse: Reuse | null;
  /** Fetches parts of a plain file; null or absent: nothing can be fetched. */
  readonly parts?: PlainFileParts | null;
}

export interface FilesListener {
  /** Existing content: pieces hashed so far, and their total. */
  onChecked(pieces: number, total: number): void;
  /** The files of `reuse` are searched for known pieces: bytes looked at, and their total so far. */
  onReuseLooked(bytes: number, totalBytes: number): void;
  /** The journal could not be written, with the reason; the download goes on. */
  onJournalTrouble(message: string): void;
  /** About a plain file that was wrong as a whole. */
  onRepair(message: string): void;
}
