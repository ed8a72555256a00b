/**
 * Which file names are possible: by platform, and on Linux also by file system, because a memory stick has the rules of
 * Windows there. A possible name stays unchanged, so that we find the data of other clients, and they find ours. An impossible
 * name is changed and never refused: a torrent with a slash in a name is odd, not malicious.
 */
import { dirname } from 'node:path';
import { diskPath, lengthOfName } from '../../shared/byte-name.ts';
import { type FileSystem, SYSTEM_FILES } from '../../shared/file-system.ts';
import { MAX_PATH_ELEMENT_BYTES } from '../../shared/limits.ts';
import { absolutePath } from '../files/absolute-path.ts';

export interface NameRules {
  /** Characters that names must not contain. */
  readonly forbidden: RegExp;
  /** No dots or spaces at the end, and no names of devices. */
  readonly windows: boolean;
  /**
   * Names that differ only by letter case are the same file: for a to z, or for all letters, and then also for the two Unicode
   * forms of `é`.
   */
  readonly folds: 'none' | 'latin' | 'all';
  readonly maxElementBytes: number;
  /** Limit for a whole path, from the root of the file system. */
  readonly maxPathBytes: number;
}

export const UNIX: NameRules = {
  forbidden: /[/\0]/g,
  windows: false,
  folds: 'none',
  maxElementBytes: MAX_PATH_ELEMENT_BYTES,
  maxPathBytes: 4_095,
};
// Lone surrogates stand for bytes that are not UTF-8 (`byte-name.ts`).
const MAC: NameRules = { ...UNIX, forbidden: /[/\0]|\p{Cs}/gu, folds: 'all', maxPathBytes: 1_023 };
const WINDOWS: NameRules = {
  forbidden: /[\p{Cc}/\\:*?"<>|]|\p{Cs}/gu,
  windows: true,
  folds: 'all',
  maxElementBytes: MAX_PATH_ELEMENT_BYTES,
  maxPathBytes: 4_095,
};
/** eCryptfs, which encrypted shares of a NAS use: 143 bytes, less what is added to a name. */
const ECRYPTFS: NameRules = { ...UNIX, maxElementBytes: 119 };

/** File system types as Linux reports them in statfs. */
const BY_TYPE: ReadonlyMap<number, NameRules> = new Map([
  [0x4d44, WINDOWS], // vfat
  [0x2011bab0, WINDOWS], // exFAT
  [0x65735546, WINDOWS], // exFAT or NTFS by FUSE
  [0xff534d42, WINDOWS], // CIFS
  [0xfe534d42, WINDOWS], // SMB 2 and 3
  [0xf15f, ECRYPTFS],
]);

// They turn text around, so that `gpj.exe` reads `exe.jpg`. libtorrent also leaves them out.
const DIRECTION = /[\u200e\u200f\u202a-\u202e]/g;
/** Also with superscript digits, and with spaces before the dot. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|$)/i;
const LONGEST_EXTENSION_BYTES = 16;

/** For an unknown folder. */
export function platformRules(platform: NodeJS.Platform = process.platform): NameRules {
  if (platform === 'win32') return WINDOWS;
  return platform === 'darwin' ? MAC : UNIX;
}

/** The rules of a folder, which may not exist yet. */
export function rulesOf(folder: string, files: FileSystem = SYSTEM_FILES): NameRules {
  if (process.platform !== 'linux') return platformRules();
  for (let path = absolutePath(folder); ; path = dirname(path)) {
    try {
      return BY_TYPE.get(files.statfs(diskPath(path))) ?? UNIX;
    } catch {
      if (dirname(path) === path) return UNIX;
    }
  }
}

/** One path element as these rules allow it. */
export function mended(name: string, rules: NameRules): string {
  return possible(name.replace(DIRECTION, ''), rules);
}

/** True if a file can have exactly this name. */
export function canBe(name: string, rules: NameRules): boolean {
  return possible(name, rules) === name;
}

/** Equal for paths that are the same file for the file system. */
export function keyOf(path: string, { folds }: NameRules): string {
  if (folds === 'all') return path.normalize('NFC').toLowerCase();
  return folds === 'latin' ? path.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : path;
}

/** NAME with `mark` before its extension, cut between characters if it would be longer than `maxBytes`. */
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

/** A UTF-16 unit takes at most three bytes, so most names need not be measured. */
function isShort(name: string, maxBytes: number): boolean {
  return name.length * 3 <= maxBytes || lengthOfName(name) <= maxBytes;
}

/** The beginning of a name, without a broken surrogate pair. */
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

/** Windows drops them itself. Not a regular expression: it would take quadratic time for dots that do not end the name. */
function withoutTrailingDots(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end -= 1;
  return name.slice(0, end);
}
