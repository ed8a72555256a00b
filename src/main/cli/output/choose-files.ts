/** `--choose`: shows the files of a torrent on the terminal, and asks which are wanted. */
import { Failure } from '../../failure.ts';
import { printable } from '../../text/foreign-text.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { FileChoice } from './file-choice.ts';
import type { Paint } from './paint.ts';

/** Throws a `usage` failure without a terminal to ask on. */
export function assertCanAsk(json: boolean): void {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true && !json) return;
  throw new Failure('usage', '--choose needs a terminal to ask on; use --select instead');
}

/** Resolves to the indices of the chosen files, as `--select` takes them. Rejects with an `interrupted` failure if the user cancels. */
export async function chooseFiles(
  metainfo: Metainfo,
  paint: Paint,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Few users choose, and every loaded file delays the start.
  const { isCancel, Prompt, settings } = await import('@clack/core');
  const title = `Which files of ${printable(metainfo.name)}?`;
  const files = metainfo.files.filter(({ padding }) => !padding);
  const choice = new FileChoice(
    title,
    files.map(({ path, length }) => ({
      name: printable((path.length > 1 ? path.slice(1) : path).join('/')),
      bytes: length,
    })),
  );
  /** It draws, and gives the terminal its modes back. */
  class Question extends Prompt<boolean> {
    constructor() {
      const render = (): string => {
        // What was chosen is said by the download itself.
        if (this.state === 'submit' || this.state === 'cancel') return title;
        const { columns, rows } = process.stderr;
        return choice.lines({ columns, rows }, paint).join('\n');
      };
      super({ render, output: process.stderr, signal }, false);
      this.on('key', (text = '', { name = '' }) => {
        if (name === 'return') return;
        if (choice.press({ name, text }) === 'cancelled') this.state = 'cancel';
      });
    }

    protected override _shouldSubmit(): boolean {
      return choice.press({ name: 'return', text: '' }) === 'accepted';
    }
  }
  // It may end a search only.
  settings.aliases.delete('escape');
  if (isCancel(await new Question().prompt()))
    throw new Failure('interrupted', 'no files were chosen; nothing was downloaded');
  return choice.chosen.map(String);
}
