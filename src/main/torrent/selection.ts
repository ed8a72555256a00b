/** Which files of a torrent the user wants: by index, range, name or glob. */
import { dataOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { Failure } from '../failure.ts';
import { counted, formatSize } from '../text/units.ts';
import type { Metainfo } from './metainfo.ts';
import type { Source } from './source.ts';

const NAMED_RANGES = 3;

/**
 * Indices of the selected files (as `inspect` shows them), null for all. The user's choice counts, or else the magnet link's,
 * of which invalid parts are skipped. Rejects with a usage failure for a pattern of the user that matches nothing.
 */
export async function selectFiles(
  metainfo: Metainfo,
  source: Source,
  given: readonly string[],
  onNews: (text: string) => void,
): Promise<ReadonlySet<number> | null> {
  if (given.length > 0) {
    const matching = await matchingFiles(metainfo, given);
    onNews(selectionText(metainfo, matching));
    return matching;
  }
  const { selected, passedOver } = linkedFiles(
    source.kind === 'magnet' ? source.magnet.select : [],
    metainfo,
  );
  if (passedOver.length > 0) {
    const more = passedOver.length > NAMED_RANGES ? ', …' : '';
    const ranges = passedOver.slice(0, NAMED_RANGES).join(', ');
    onNews(`the magnet link selects files that do not exist; they were skipped: ${ranges}${more}`);
  }
  if (selected !== null) onNews(selectionText(metainfo, selected));
  return selected;
}

/** `3 of 4 files, 4.0 MiB`, and what has to be fetched if that is more: progress counts whole pieces. */
function selectionText({ files: all, geometry: g }: Metainfo, selected: ReadonlySet<number>): string {
  const files = all.filter(({ padding }) => !padding);
  const chosen = files.filter((_, i) => selected.has(i));
  const bytes = formatSize(chosen.reduce((sum, { length }) => sum + length, 0));
  let wholeBytes = 0;
  let next = 0;
  for (const file of chosen) {
    const { first, end } = piecesOf(g, file);
    // Neighbours share a piece.
    for (let piece = Math.max(first, next) as PieceIndex; piece < end; piece++)
      wholeBytes += dataOfPiece(g, piece);
    next = Math.max(next, end);
  }
  const whole = formatSize(wholeBytes);
  const more = whole === bytes ? '' : ` (${whole} in whole pieces)`;
  return `selected: ${selected.size} of ${counted(files.length, 'file')}, ${bytes}${more}`;
}

/**
 * The selection in a magnet link: null for all files, and the parts beyond the last file. Its indices (BEP 53) count all files
 * in the torrent's list, padding included, as in libtorrent. Ours count the files that people see.
 */
function linkedFiles(
  ranges: readonly string[],
  { files }: Metainfo,
): { readonly selected: ReadonlySet<number> | null; readonly passedOver: readonly string[] } {
  const count = files.length;
  // Ranges may overlap: the change in the number of ranges that cover a file.
  const steps = new Int32Array(count + 1);
  const passedOver: string[] = [];
  for (const range of ranges) {
    const [first = 0, last = first] = range.split('-').map(Number);
    if (last >= count) passedOver.push(range);
    if (first >= count) continue;
    steps[first] = (steps[first] ?? 0) + 1;
    const end = Math.min(last + 1, count);
    steps[end] = (steps[end] ?? 0) - 1;
  }
  const selected = new Set<number>();
  let covering = 0;
  let shown = 0;
  for (const [index, { padding }] of files.entries()) {
    covering += steps[index] ?? 0;
    if (padding) continue;
    if (covering > 0) selected.add(shown);
    shown += 1;
  }
  return { selected: selected.size === 0 ? null : selected, passedOver };
}

/** A pattern with a slash matches the path below the torrent's folder, one without a slash matches the file name. */
async function matchingFiles(metainfo: Metainfo, patterns: readonly string[]): Promise<ReadonlySet<number>> {
  const files = metainfo.files.filter(({ padding }) => !padding);
  const paths = files.map(({ path }) => path);
  const selected = new Set<number>();
  for (const pattern of patterns) {
    for (const index of await listedHits(pattern, paths, metainfo.name)) selected.add(index);
  }
  return selected;
}

/** A name may have a comma: only a text that matches nothing as a whole is a list. */
async function listedHits(
  pattern: string,
  paths: readonly (readonly string[])[],
  torrent: string,
): Promise<number[]> {
  const hits = await hitsFor(pattern, paths);
  if (hits.length > 0) return hits;
  const parts = pattern
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const found: number[] = [];
  for (const part of parts) {
    const some = parts.length > 1 ? await hitsFor(part, paths) : [];
    if (some.length === 0) {
      const which = parts.length > 1 ? ` matches ${part}` : ' matches';
      throw new Failure('usage', `--select ${pattern}: no file of ${torrent}${which}; see unchoke inspect`);
    }
    found.push(...some);
  }
  return found;
}

async function hitsFor(pattern: string, paths: readonly (readonly string[])[]): Promise<number[]> {
  const indices = indicesOf(pattern, paths.length);
  const named = indices.length > 0 ? indices : namedHits(pattern, paths);
  return named.length > 0 ? named : globHits(pattern, paths);
}

/** `3` or `3-7`; empty if the pattern is not a number or out of range: a file may be named 2024. */
function indicesOf(pattern: string, count: number): number[] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(pattern);
  if (match === null) return [];
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (last >= count || first > last) return [];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** A name may contain brackets, and its accents have two Unicode forms (NFC, NFD) that look alike. The exact name comes first. */
function namedHits(pattern: string, paths: readonly (readonly string[])[]): number[] {
  const exact = hitsOf(pattern, paths, (name) => name === pattern);
  if (exact.length > 0) return exact;
  const normal = pattern.normalize();
  return hitsOf(pattern, paths, (name) => name.normalize() === normal);
}

async function globHits(pattern: string, paths: readonly (readonly string[])[]): Promise<number[]> {
  // Few users select by glob, and every loaded file delays the start.
  const { default: picomatch } = await import('picomatch');
  const glob = pattern.normalize();
  const matches = picomatch(glob, { dot: true });
  return hitsOf(pattern, paths, (name) => matches(name.normalize()));
}

function hitsOf(
  pattern: string,
  paths: readonly (readonly string[])[],
  matches: (name: string) => boolean,
): number[] {
  return paths.flatMap((path, index) => {
    const below = path.length > 1 ? path.slice(1) : path;
    const name = pattern.includes('/') ? below.join('/') : (below.at(-1) ?? '');
    return matches(name) ? [index] : [];
  });
}
