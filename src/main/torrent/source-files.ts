/** What is to become a torrent: a file, or all files below a folder, in the order that mktorrent and transmission use. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { diskFailure } from '../disk-failure.ts';
import { Failure } from '../failure.ts';

export interface SourceFile {
  readonly path: string;
  /** Below the folder; null for the one file of a single-file torrent. */
  readonly elements: readonly string[] | null;
  readonly length: number;
}

export interface Source {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly totalLength: number;
}

/** Looks at PATH. Links to files are read as files, links to folders are passed over. Throws a Failure that names the path. */
export function sourceOf(path: string): Source {
  const root = resolve(path);
  try {
    const stats = statSync(root);
    const files = stats.isDirectory()
      ? filesBelow(root)
      : [{ path: root, elements: null, length: stats.size }];
    const totalLength = files.reduce((sum, file) => sum + file.length, 0);
    if (totalLength === 0) throw new Failure('usage', `${path}: there is nothing in it to share`);
    return { name: basename(root), files, totalLength };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
}

function filesBelow(root: string): SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (elements: readonly string[]): void => {
    for (const entry of readdirSync(join(root, ...elements), { withFileTypes: true })) {
      const inner = [...elements, entry.name];
      if (entry.isDirectory()) {
        walk(inner);
        continue;
      }
      const path = join(root, ...inner);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isFile()) found.push({ path, elements: inner, length: stats.size });
    }
  };
  walk([]);
  // By the bytes of the whole path, as strcmp sorts.
  const key = (file: SourceFile): Buffer => Buffer.from((file.elements ?? []).join(sep));
  return found.sort((a, b) => Buffer.compare(key(a), key(b)));
}
