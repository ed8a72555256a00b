/** Which files of a torrent the user wants: by index, by range of indices, or by glob. */
import { Failure } from '../failure.ts';
import type { Metainfo } from './metainfo.ts';
import type { Source } from './source.ts';

/** What the user says, or else the magnet link (BEP 53). */
export function patternsOf(source: Source, given: readonly string[]): readonly string[] {
  if (given.length > 0) return given;
  return source.kind === 'magnet' ? source.magnet.select : [];
}

/**
 * Indices of the selected files (as `inspect` shows them), null for all. A glob with a slash is matched against the path
 * below the torrent's folder, one without against the file's name. Rejects with a usage failure for a pattern that hits nothing.
 */
export async function selectFiles(
  metainfo: Metainfo,
  patterns: readonly string[],
): Promise<ReadonlySet<number> | null> {
  if (patterns.length === 0) return null;
  const files = metainfo.files.filter(({ padding }) => !padding);
  const selected = new Set<number>();
  for (const pattern of patterns) {
    const hits =
      indicesOf(pattern, files.length) ??
      (await globHits(
        pattern,
        files.map(({ path }) => path),
      ));
    if (hits.length === 0) {
      throw new Failure(
        'usage',
        `--select ${pattern}: no such file among the ${files.length} of ${metainfo.name}`,
      );
    }
    for (const index of hits) selected.add(index);
  }
  return selected;
}

/** `3` or `3-7`; null where the pattern is no number, nothing where it is out of range. */
function indicesOf(pattern: string, count: number): number[] | null {
  const match = /^(\d+)(?:-(\d+))?$/.exec(pattern);
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last >= count || first > last) return [];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

async function globHits(pattern: string, paths: readonly (readonly string[])[]): Promise<number[]> {
  // Few select by glob, and a start waits for every file that is loaded.
  const { default: picomatch } = await import('picomatch');
  const matches = picomatch(pattern, { basename: !pattern.includes('/'), dot: true });
  return paths.flatMap((path, index) => {
    const below = path.length > 1 ? path.slice(1) : path;
    return matches(below.join('/')) ? [index] : [];
  });
}
