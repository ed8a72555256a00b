/**
 * Names out of a torrent made into paths that stay inside the output folder on every filesystem. Odd names are mended
 * rather than refused: a torrent with a carriage return in a name is odd, not evil.
 */
import { MAX_PATH_ELEMENT_BYTES } from '../../shared/limits.ts';

// Separators of all systems, characters that Windows forbids, and everything that is not a character.
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069/\\:*?"<>|]/gu;
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** One path element, mended; null where nothing of it is left, as with `..` or the empty name. */
export function safeElement(name: string): string | null {
  const mended = name.replace(FORBIDDEN, '_').replace(/[. ]+$/, '');
  if (mended === '') return null;
  return shortened(DEVICE.test(mended) ? `_${mended}` : mended);
}

/** Cut to what a filesystem takes, keeping the extension and never half a character. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_PATH_ELEMENT_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= 16 ? name.slice(dot) : '';
  const room = MAX_PATH_ELEMENT_BYTES - Buffer.byteLength(extension);
  let kept = '';
  let bytes = 0;
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > room) break;
    kept += character;
  }
  return kept + extension;
}

/**
 * Paths that differ, even for a filesystem that ignores case: a second `Readme` becomes `Readme (2)`. A file where
 * another file needs a folder is renamed the same way.
 */
export class DistinctPaths {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  /** Folders that had to take another name: all their files follow. */
  readonly #moved = new Map<string, string>();
  /** The next number to try for a name that was taken: a thousand equal names must not take a million tries. */
  readonly #next = new Map<string, number>();

  add(elements: readonly string[]): string[] {
    const folders: string[] = [];
    for (const element of elements.slice(0, -1)) {
      const asked = keyOf([...folders, element]);
      const name = this.#moved.get(asked) ?? this.#free(folders, element, (key) => !this.#files.has(key));
      if (name !== element) this.#moved.set(asked, name);
      folders.push(name);
      this.#folders.add(keyOf(folders));
    }
    const name = this.#free(
      folders,
      elements.at(-1) ?? '_',
      (key) => !this.#files.has(key) && !this.#folders.has(key),
    );
    const path = [...folders, name];
    this.#files.add(keyOf(path));
    return path;
  }

  #free(folders: readonly string[], name: string, isFree: (key: string) => boolean): string {
    const first = keyOf([...folders, name]);
    if (isFree(first)) return name;
    const dot = name.lastIndexOf('.');
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    for (let n = this.#next.get(first) ?? 2; ; n++) {
      const candidate = `${stem} (${n})${extension}`;
      if (!isFree(keyOf([...folders, candidate]))) continue;
      this.#next.set(first, n + 1);
      return candidate;
    }
  }
}

function keyOf(elements: readonly string[]): string {
  return elements.join('/').normalize('NFC').toLowerCase();
}
