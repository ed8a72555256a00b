/** `unchoke config`: every setting, its value, and where it comes from. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { diskPath } from '../../../shared/byte-name.ts';
import { Failure } from '../../failure.ts';
import { JSON_VERSION, type JsonLine } from '../output/run-events.ts';
import { settingsRows, settingsTable } from '../output/settings-table.ts';
import { writeJson, writeLines } from '../output/terminal.ts';
import { configPath } from '../settings.ts';
import { type Setting, settingsList } from '../settings-list.ts';
import { didYouMean } from '../similar-words.ts';
import { unknownVariables } from '../unknown-variables.ts';

export function configCommand(program: Command): void {
  program
    .command('config')
    .description('show every setting, its value and where it comes from; and the path of the config file')
    .argument('[setting...]', 'only these settings, such as max-peers (default: all)')
    .option('--json', 'print the settings as JSON')
    .option('--show-secrets', 'show whole URLs; otherwise only scheme, domain and port')
    .action((names: readonly string[], { json }: { readonly json?: boolean }) => {
      const path = configPath(process.env);
      const file = { path, exists: existsSync(diskPath(path)) };
      const commands = program.commands.filter((command) => command.name() !== 'config');
      const all = settingsList(commands, process.env);
      const unknown = unknownVariables(commands, process.env);
      const settings = names.length === 0 ? all : names.map((name) => settingNamed(name, all));
      if (json === true)
        writeJson({
          type: 'config',
          v: JSON_VERSION,
          file,
          settings,
          unknownVariables: unknown.map(({ name }) => name),
        } satisfies JsonLine);
      else if (names.length > 0) writeLines('stdout', settingsRows(settings));
      else writeLines('stdout', settingsTable(file, settings, unknown));
    });
}

/** By the name in the config file, on the command line or in the environment. */
function settingNamed(name: string, all: readonly Setting[]): Setting {
  const wanted = name.replace(/^--/, '');
  const found = all.find(({ option, variable }) => option === wanted || variable === name);
  if (found !== undefined) return found;
  const guess = didYouMean(
    wanted,
    all.map(({ option }) => option),
  );
  throw new Failure(
    'usage',
    `config ${name}: there is no such setting; ${guess ?? 'unchoke config shows all'}`,
  );
}
