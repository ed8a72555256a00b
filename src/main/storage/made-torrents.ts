/**
 * The torrents that were made to share files, kept in the state folder of the user: if the files look as they did, they are not
 * hashed again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_TORRENT_FILE_BYTES } from '../../shared/limits.ts';
import { userFolder } from '../files/user-folders.ts';
import { readWhole, writeWhole } from '../files/whole-file.ts';
import { infoHashes, type Metainfo, parseMetainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source-files.ts';
import type { TorrentVersion } from '../torrent/torrent-version.ts';
import type { TorrentChoices } from './make-torrent.ts';

export interface MadeTorrent {
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
}

export class MadeTorrents {
  readonly #folder: string;

  constructor(folder = join(userFolder('state'), 'torrents')) {
    this.#folder = folder;
  }

  /**
   * Null if there is none, or if a file or a choice has changed since. Without a version it is the one that was made without: its
   * peers look for that one. With a version, one that was made without is right as well if it has that version.
   */
  find(source: Source, choices: TorrentChoices): MadeTorrent | null {
    const found = this.#at(this.#pathOf(source, choices));
    if (found !== null || choices.version === null) return found;
    const other = this.#at(this.#pathOf(source, { ...choices, version: null }));
    return other !== null && versionOf(other.metainfo) === choices.version ? other : null;
  }

  /** Of the torrent without trackers that was made of the same files: trackers do not make it another one. Null if there is none. */
  versionBefore(source: Source, choices: TorrentChoices): TorrentVersion | null {
    const before = this.#at(this.#pathOf(source, { ...choices, version: null, trackers: [] }));
    return before === null ? null : versionOf(before.metainfo);
  }

  /** Without permission to write it is made again at the next start. */
  keep(source: Source, choices: TorrentChoices, bytes: Uint8Array): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeWhole(this.#pathOf(source, choices), bytes, 0o600);
    } catch {}
  }

  #at(path: string): MadeTorrent | null {
    const bytes = readWhole(path, MAX_TORRENT_FILE_BYTES);
    try {
      return bytes === null ? null : { bytes, metainfo: parseMetainfo(bytes, path) };
    } catch {
      return null;
    }
  }

  /** Without a version it is the path that torrents had when there was no choice: the order of the choices is a part of it. */
  #pathOf({ root, files }: Source, choices: TorrentChoices): string {
    const { version, name, pieceLength, trackers, webSeeds, private: isPrivate, comment } = choices;
    const looks = files.map(({ path, length, stamp }) => [path, length, stamp]);
    const chosen = {
      ...{ name, pieceLength, trackers, webSeeds, private: isPrivate, comment },
      ...(version === null ? {} : { version }),
    };
    const hash = createHash('sha256')
      .update(JSON.stringify([root, chosen, looks]))
      .digest('hex');
    return join(this.#folder, `${hash.slice(0, 40)}.torrent`);
  }
}

function versionOf(metainfo: Metainfo): TorrentVersion {
  const { v1, v2 } = infoHashes(metainfo);
  if (v2 === null) return 'v1';
  return v1 === null ? 'v2' : 'hybrid';
}
