/** The result of `verify` for people: a line for each file, the sums, and what to type next. */
import { relative } from 'node:path';
import type { FileStatus, FileVerdict } from '../../storage/file-verdicts.ts';
import { counted, formatSize } from '../../text/units.ts';

const WIDTH = 'incomplete'.length;
/** In the order of the sums. */
const STATUSES: readonly FileStatus[] = ['incomplete', 'missing', 'uncertain', 'bad'];

/** `bad           2.0 MiB  set/a.bin (1 bad piece)`. `folder`: the paths are shown below it. */
export function fileLine(file: FileVerdict, folder: string): string {
  const details = detailsOf(file);
  const path = relative(folder, file.path);
  const size = formatSize(file.length).padStart(10);
  return `${file.status.padEnd(WIDTH)} ${size}  ${path}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

/** `2 of 5 files good, 1 incomplete, 2 missing`. */
export function sumsOf(files: readonly FileVerdict[]): string {
  const count = (status: FileStatus): number => files.filter((file) => file.status === status).length;
  const others = STATUSES.filter((status) => count(status) > 0).map((status) => `${count(status)} ${status}`);
  return [`${count('good')} of ${counted(files.length, 'file')} good`, ...others].join(', ');
}

/** The command that fetches the rest. */
export function repairCommand(torrent: string, folder: string, select: readonly string[]): string {
  const words = ['unchoke', 'get', torrent, '-o', folder, ...select.flatMap((one) => ['--select', one])];
  return words.map(shellWord).join(' ');
}

function detailsOf({
  status,
  pieces,
  badPieces,
  sharedBadPieces,
  missingPieces,
  uncertainPieces,
  fault,
}: FileVerdict): string[] {
  const told = fault === null ? [] : [fault];
  if (badPieces > 0) told.push(counted(badPieces, 'bad piece') + sharedText(badPieces, sharedBadPieces));
  if (status !== 'missing' && missingPieces > 0)
    told.push(`${missingPieces} of ${counted(pieces, 'piece')} missing`);
  if (uncertainPieces > 0) told.push(`${counted(uncertainPieces, 'piece')} not to be judged`);
  return told;
}

/** A piece that is shared may be bad because of the other file. */
function sharedText(bad: number, shared: number): string {
  if (shared === 0) return '';
  return `, ${bad === 1 ? '' : `${shared} of them `}shared with another file`;
}

/** For a POSIX shell. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
