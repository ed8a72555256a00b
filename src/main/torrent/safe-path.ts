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
  const mended = withoutTail(name.replace(FORBIDDEN, '_'));
  if (mended === '') return null;
  return shortened(DEVICE.test(mended) ? `_${mended}` : mended);
}

/** Without dots and spaces at the end. A regular expression takes quadratic time over those that do not end the name. */
function withoutTail(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end -= 1;
  return name.slice(0, end);
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
  /** Folders by the number of the folder that they lie in and their name: looking one up costs no more, however deep it lies. */
  readonly #folders = new Map<string, number>();
  readonly #files = new Set<string>();
  /** Folders that had to take another name: all their files follow. */
  readonly #moved = new Map<string, string>();
  /** The next number to try for a name that was taken: a thousand equal names must not take a million tries. */
  readonly #next = new Map<string, number>();

  add(elements: readonly string[]): string[] {
    const path: string[] = [];
    let folder = 0;
    for (const element of elements.slice(0, -1)) {
      const asked = keyIn(folder, element);
      const name = this.#moved.get(asked) ?? this.#free(folder, element, (key) => !this.#files.has(key));
      if (name !== element) this.#moved.set(asked, name);
      path.push(name);
      const key = keyIn(folder, name);
      folder = this.#folders.get(key) ?? this.#folders.size + 1;
      this.#folders.set(key, folder);
    }
    const name = this.#free(
      folder,
      elements.at(-1) ?? '_',
      (key) => !this.#files.has(key) && !this.#folders.has(key),
    );
    this.#files.add(keyIn(folder, name));
    return [...path, name];
  }

  #free(folder: number, name: string, isFree: (key: string) => boolean): string {
    const first = keyIn(folder, name);
    if (isFree(first)) return name;
    const dot = name.lastIndexOf('.');
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    for (let n = this.#next.get(first) ?? 2; ; n++) {
      const candidate = `${stem} (${n})${extension}`;
      if (!isFree(keyIn(folder, candidate))) continue;
      this.#next.set(first, n + 1);
      return candidate;
    }
  }
}

function keyIn(folder: number, name: string): string {
  return `${folder}/${name.normalize('NFC').toLowerCase()}`;
}
