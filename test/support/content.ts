/** The content of a file or folder, for comparison. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Relative path → SHA-1, of a file or of all files below a folder. */
export function contentOf(path: string): Record<string, string> {
  const sha1 = (file: string) => createHash('sha1').update(readFileSync(file)).digest('hex');
  if (!statSync(path).isDirectory()) return { '': sha1(path) };
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(files.map((file) => [relative(path, file), sha1(file)]));
}
