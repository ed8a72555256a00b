/** `unchoke man`: the manual page, made from the definitions that parse the command line. */
import type { Command, Option } from 'commander';
import { EXIT_STATUS } from '../../failure.ts';
import { VERSION } from '../../network/identity.ts';
import { writeLines } from '../output/terminal.ts';
import { settingsOf, variableOf } from '../settings.ts';

const STATUSES: Readonly<Record<string, string>> = {
  '0': 'complete and verified',
  '1': 'a bug in unchoke',
  '2': 'wrong usage',
  '3': 'bad torrent or magnet link',
  '4': 'no usable peer, or timed out',
  '5': 'disk: full, no permission, or another file in the way',
  '6': 'verify: some data is bad or missing; get: no source has some files, all others are complete',
  '130': 'interrupted; the same command resumes',
};

export function manCommand(program: Command): void {
  program
    .command('man')
    .description('print the manual page (unchoke man | man -l -)')
    .action(() => writeLines('stdout', manPage(program).trimEnd().split('\n')));
}

/** One line for each exit status. */
export function statusLines(): [string, string][] {
  const codes = new Set(['0', ...Object.values(EXIT_STATUS).map(String)]);
  return [...codes].sort((a, b) => Number(a) - Number(b)).map((code) => [code, STATUSES[code] ?? '']);
}

function manPage(program: Command): string {
  const commands = program.commands.flatMap((command) => [
    `.SS unchoke ${command.name()} ${roff(command.usage())}`,
    roff(command.description()),
    ...command.options.flatMap(optionLines),
  ]);
  return [
    `.TH UNCHOKE 1 "" "unchoke ${VERSION}"`,
    '.SH NAME',
    'unchoke \\- a BitTorrent downloader that starts at the first unchoke and tells you why a download is slow or does not start',
    '.SH SYNOPSIS',
    '.B unchoke',
    'COMMAND [OPTIONS]',
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH COMMANDS',
    ...commands,
    '.SH EXIT STATUS',
    ...statusLines().flatMap(([code, text]) => ['.TP', `.B ${code}`, roff(text)]),
    '.SH ENVIRONMENT',
    roff(
      `Every option has an environment variable, such as ${variableFor(program, 'get', 'max-peers')} for --max-peers and ${variableFor(program, 'get', 'no-dht')}=1 for --no-dht. The command line wins over the environment, and the environment over the config file.`,
    ),
    '.SH FILES',
    '.TP',
    '.I $XDG_CONFIG_HOME/unchoke/unchoke.json',
    roff(
      'Options by their long names, for all commands or for one command under its name: {"max-peers": 200, "get": {"output": "/srv"}}',
    ),
    '.TP',
    '.I $XDG_CACHE_HOME/unchoke/',
    'DHT nodes from the last run.',
    '',
  ].join('\n');
}

function variableFor(program: Command, command: string, long: string): string {
  const options = settingsOf(program.commands.find((one) => one.name() === command) ?? program);
  const option = options.find((one) => one.long === `--${long}`);
  return option === undefined ? '' : variableOf(option);
}

function optionLines(option: Option): string[] {
  const otherwise = defaultText(option);
  return [
    '.TP',
    `.B ${roff(option.flags)}`,
    roff(`${option.description}${otherwise === '' ? '' : ` (default: ${otherwise})`}`),
  ];
}

function defaultText({ defaultValue, defaultValueDescription }: Option): string {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  return typeof defaultValue === 'string' ? defaultValue : '';
}

/** Backslashes and dashes mean something to roff, and so do dots and quotes at the start of a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
