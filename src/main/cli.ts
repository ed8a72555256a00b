#!/usr/bin/env node
/**
 * The entry. The first dial waits longest for the threads of the race, so these are started before the command line is loaded.
 */
const RACING: ReadonlySet<string | undefined> = new Set(['get', 'race', 'bench', 'doctor']);

const [command, ...words] = process.argv.slice(2);
const HELP: ReadonlySet<string> = new Set(['-h', '--help', '--help-all']);
const isRace = RACING.has(command) && words.length > 0 && !words.some((word) => HELP.has(word));
const early = isRace ? await import('./pools/shard-threads.ts') : null;
early?.startShardThreads();
const { main } = await import('./cli/program.ts');
process.exitCode = await main();
await early?.endUnusedShardThreads();
