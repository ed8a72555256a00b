/** `--choose`: shows the files of a torrent on the terminal, and asks which are wanted. */
import { Failure } from '../../failure.ts';
import { printable } from '../../text/foreign-text.ts';
import { formatSize } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';

/** Lines for the question, its hints and what is above the list. */
const OTHER_ROWS = 8;
const LEAST_ROWS = 5;

/** Throws a `usage` failure without a terminal to ask on. */
export function assertCanAsk(json: boolean): void {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true && !json) return;
  throw new Failure('usage', '--choose needs a terminal to ask on; use --select instead');
}

/** Resolves to the indices of the chosen files, as `--select` takes them. Rejects with an `interrupted` failure if the user cancels. */
export async function chooseFiles(metainfo: Metainfo, signal: AbortSignal): Promise<readonly string[]> {
  // Few users choose, and every loaded file delays the start.
  const { isCancel, multiselect } = await import('@clack/prompts');
  const files = metainfo.files.filter(({ padding }) => !padding);
  const all = files.map((_, index) => String(index));
  const chosen = await multiselect({
    message: `Which files of ${printable(metainfo.name)}? All are chosen now.`,
    options: files.map(({ path, length }, index) => ({
      value: String(index),
      label: printable((path.length > 1 ? path.slice(1) : path).join('/')),
      hint: formatSize(length),
    })),
    initialValues: all,
    required: true,
    maxItems: Math.max(LEAST_ROWS, (process.stderr.rows ?? 24) - OTHER_ROWS),
    output: process.stderr,
    signal,
  });
  if (isCancel(chosen)) throw new Failure('interrupted', 'no files were chosen; nothing was downloaded');
  return chosen;
}
