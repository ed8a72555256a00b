#!/usr/bin/env node
/**
 * The entry. The first dial waits longest for the threads of the race, so these are started before the command line is loaded.
 */
import { withCommand } from './cli/command-word.ts';
import { isFolderLost } from './files/lost-folder.ts';

const RACING: ReadonlySet<string | undefined> = new Set([
  ...['get', 'watch', 'race', 'bench', 'doctor', 'fleet work'],
]);

const [command, ...words] = withCommand(process.argv.slice(2));
const isHelp = words.some((word) => word === '-h' || word.startsWith('--help'));
// In a deleted folder no thread starts, and its error would come before anybody can name it.
const isRace = RACING.has(command) && words.length > 0 && !isHelp && !isFolderLost();
const early = isRace ? await import('./pools/shard-threads.ts') : null;
early?.startShardThreads();
const { main } = await import('./cli/program.ts');
process.exitCode = await main();
await early?.endUnusedShardThreads();
