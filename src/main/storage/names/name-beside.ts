/** Names of files that are beside a download and belong to it. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { bytesOfName, isUtf8Name, lengthOfName } from '../../../shared/byte-name.ts';
import { MAX_PATH_ELEMENT_BYTES } from '../../../shared/limits.ts';
import { cut } from '../../torrent/name-rules.ts';

/** Room for one more suffix, for example of a temporary file. */
const ROOM_BYTES = 16;

/** NAME and `suffix`. If that is too long or not text: the beginning of NAME, its hash and `suffix`. */
export function nameBeside(name: string, suffix: string): string {
  const room = MAX_PATH_ELEMENT_BYTES - ROOM_BYTES - suffix.length;
  if (isUtf8Name(name) && lengthOfName(name) <= room) return name + suffix;
  const hash = createHash('sha1').update(bytesOfName(name)).digest('hex').slice(0, 12);
  return `${cut(name.replace(/\p{Cs}/gu, '_'), room - hash.length - 1)}-${hash}${suffix}`;
}

/** With room for `.new` and `.lock` after it. `root`: the file of the download, or the folder of its files. */
export function journalName(root: string): string {
  return nameBeside(basename(root), '.unchoke');
}

/** Of the file with the blocks of unfinished pieces. */
export function blocksName(root: string): string {
  return `${journalName(root)}.blocks`;
}
