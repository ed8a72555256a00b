/**
 * What a name in a folder may be: by platform, and on Linux by filesystem, since a memory stick has the rules of
 * Windows there, too. A name that may be stays as it is, so that data of other clients is found, and ours by them. One
 * that may not be is mended, never refused: a torrent with a slash in a name is odd, not evil.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskPath, lengthOfName } from '../../shared/byte-name.ts';
import { MAX_PATH_ELEMENT_BYTES } from '../../shared/limits.ts';
import { absolutePath } from '../files/absolute-path.ts';

export interface NameRules {
  /** Characters that no name may have. */
  readonly forbidden: RegExp;
  /** No dots or spaces at the end, and no names of devices. */
  readonly windows: boolean;
  /** What differs by letter case alone is one: of a to z, or of all letters, and then so are the two ways to write `é`. */
  readonly folds: 'none' | 'latin' | 'all';
  readonly maxElementBytes: number;
  /** Of a whole path, from the root of the filesystem. */
  readonly maxPathBytes: number;
}

export const UNIX: NameRules = {
  forbidden: /[/\0]/g,
  windows: false,
  folds: 'none',
  maxElementBytes: MAX_PATH_ELEMENT_BYTES,
  maxPathBytes: 4_095,
};
// Lone surrogates stand for bytes that are no UTF-8 (`byte-name.ts`).
const MAC: NameRules = { ...UNIX, forbidden: /[/\0]|\p{Cs}/gu, folds: 'all', maxPathBytes: 1_023 };
const WINDOWS: NameRules = {
  forbidden: /[\p{Cc}/\\:*?"<>|]|\p{Cs}/gu,
  windows: true,
  folds: 'all',
  maxElementBytes: MAX_PATH_ELEMENT_BYTES,
  maxPathBytes: 4_095,
};
/** It takes 143 bytes, less what is put behind a name. Encrypted shares of a NAS have it. */
const ECRYPTFS: NameRules = { ...UNIX, maxElementBytes: 119 };

/** The types of filesystem that Linux tells by statfs. */
const BY_TYPE: ReadonlyMap<number, NameRules> = new Map([
  [0x4d44, WINDOWS], // vfat
  [0x2011bab0, WINDOWS], // exFAT
  [0x65735546, WINDOWS], // exFAT or NTFS by FUSE
  [0xff534d42, WINDOWS], // CIFS
  [0xfe534d42, WINDOWS], // SMB 2 and 3
  [0xf15f, ECRYPTFS],
]);

// They turn text around, so that `gpj.exe` reads `exe.jpg`. libtorrent leaves them out as well.
const DIRECTION = /[\u200e\u200f\u202a-\u202e]/g;
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const LONGEST_EXTENSION_BYTES = 16;

/** Where nothing is known of the folder. */
export function platformRules(platform: NodeJS.Platform = process.platform): NameRules {
  if (platform === 'win32') return WINDOWS;
  return platform === 'darwin' ? MAC : UNIX;
}

/** Of a folder, which need not be there yet. */
export function rulesOf(folder: string): NameRules {
  if (process.platform !== 'linux') return platformRules();
  for (let path = absolutePath(folder); ; path = dirname(path)) {
    try {
      return BY_TYPE.get(statfsSync(diskPath(path)).type) ?? UNIX;
    } catch {
      if (dirname(path) === path) return UNIX;
    }
  }
}

/** One path element, mended. */
export function mended(name: string, rules: NameRules): string {
  return possible(name.replace(DIRECTION, ''), rules);
}

/** Whether a file can have this very name. */
export function canBe(name: string, rules: NameRules): boolean {
  return possible(name, rules) === name;
}

/** Equal for paths that the filesystem takes for the same. */
export function keyOf(path: string, { folds }: NameRules): string {
  if (folds === 'all') return path.normalize('NFC').toLowerCase();
  return folds === 'latin' ? path.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : path;
}

/** NAME with `mark` before its extension, cut between characters where it would have more than `maxBytes`. */
export function marked(name: string, mark: string, maxBytes: number): string {
  const dot = name.lastIndexOf('.');
  const isExtension = dot > 0 && lengthOfName(name.slice(dot)) <= LONGEST_EXTENSION_BYTES;
  const [stem, extension] = isExtension ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return cut(stem, maxBytes - mark.length - lengthOfName(extension)) + mark + extension;
}

function possible(name: string, rules: NameRules): string {
  let kept = name.replace(rules.forbidden, '_');
  if (rules.windows) kept = withoutTrailingDots(kept);
  if (kept === '' || kept === '.' || kept === '..') return '_';
  if (rules.windows && DEVICE.test(kept)) kept = `_${kept}`;
  return isShort(kept, rules.maxElementBytes) ? kept : marked(kept, '', rules.maxElementBytes);
}

/** No character has more than three bytes for each half of it: most names need not be measured. */
function isShort(name: string, maxBytes: number): boolean {
  return name.length * 3 <= maxBytes || lengthOfName(name) <= maxBytes;
}

/** The beginning of a name, without half a character. */
export function cut(name: string, maxBytes: number): string {
  if (isShort(name, maxBytes)) return name;
  let bytes = 0;
  let end = 0;
  for (const character of name) {
    bytes += lengthOfName(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return name.slice(0, end);
}

/** Windows drops them by itself. No regular expression: it takes quadratic time over dots that do not end the name. */
function withoutTrailingDots(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end -= 1;
  return name.slice(0, end);
}
