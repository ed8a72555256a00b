/** `unchoke watch`: fetches each torrent that appears in a folder. */
import type { Command } from 'commander';
import { type GetFlags, withGetOptions } from './get-flags.ts';

export type WatchFlags = GetFlags;

/** They are known, so that the error can say where they work. */
const ONLY_GET: readonly string[] = ['--choose', '--dry-run', '--report', '--save-torrent'];

export function watchCommand(
  program: Command,
  run: (folder: string, flags: WatchFlags) => Promise<void>,
): void {
  const watch = withGetOptions(program.command('watch'), { hasParts: true })
    .description(
      'fetch each .torrent and .magnet file that appears in a folder, and move it to done/ or failed/ there; try again what may succeed later',
    )
    .argument('<folder>', 'the folder to watch')
    .action(run);
  for (const option of watch.options) if (ONLY_GET.includes(option.long ?? '')) option.hideHelp();
}
