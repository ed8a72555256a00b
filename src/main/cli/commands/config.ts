/** `unchoke config`: every setting, its value, and where it comes from. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { diskPath } from '../../../shared/byte-name.ts';
import { JSON_VERSION, type JsonLine } from '../output/run-events.ts';
import { settingsTable } from '../output/settings-table.ts';
import { writeJson, writeLines } from '../output/terminal.ts';
import { configPath } from '../settings.ts';
import { settingsList, unknownOf } from '../settings-list.ts';

export function configCommand(program: Command): void {
  program
    .command('config')
    .description('show every setting, its value and where it comes from; and the path of the config file')
    .option('--json', 'print the settings as JSON')
    .option('--show-secrets', 'show whole URLs; otherwise only scheme, domain and port')
    .action(({ json }: { readonly json?: boolean }) => {
      const path = configPath(process.env);
      const file = { path, exists: existsSync(diskPath(path)) };
      const commands = program.commands.filter((command) => command.name() !== 'config');
      const settings = settingsList(commands, process.env);
      const unknownVariables = unknownOf(process.env, settings);
      if (json === true)
        writeJson({
          type: 'config',
          v: JSON_VERSION,
          file,
          settings,
          unknownVariables,
        } satisfies JsonLine);
      else writeLines('stdout', settingsTable(file, settings, unknownVariables));
    });
}
