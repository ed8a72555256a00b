/** `unchoke man`: the manual page, made from the definitions that parse the command line. */
import type { Command, Option } from 'commander';
import { EXIT_STATUS } from '../../failure.ts';
import { type FolderKind, folderAt } from '../../files/user-folders.ts';
import { VERSION } from '../../network/identity.ts';
import { optionsOf } from '../help.ts';
import { argumentText, groupsOf, optionText } from '../option-text.ts';
import { writeLines } from '../output/terminal.ts';
import { settingsOf, variableOf } from '../settings.ts';
import { NAMED_MIXES, PEER_KINDS } from './swarm-kinds.ts';

const STATUSES: Readonly<Record<string, string>> = {
  '0': 'complete and verified',
  '1': 'a bug in unchoke',
  '2': 'wrong usage',
  '3': 'bad torrent or magnet link',
  '4': 'no usable peer, or timed out; fleet: the queue does not answer',
  '5': 'disk: full, no permission, or another file in the way',
  '6': 'verify: some of the checked files are bad, missing, incomplete or uncertain; get: no source has some files, all others are complete',
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

/** Groups, order and texts are those of `--help-all`. */
function manPage(program: Command): string {
  return [
    `.TH UNCHOKE 1 "" "unchoke ${VERSION}" "User Commands"`,
    // Words are broken at spaces only: a name of an option or a host would be hard to copy.
    '.nh',
    '.ad l',
    '.SH NAME',
    'unchoke \\- a BitTorrent downloader that starts at the first unchoke and tells you why a download is slow or does not start',
    '.SH SYNOPSIS',
    '.B unchoke',
    'COMMAND [OPTIONS]',
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH OPTIONS',
    ...optionsOf(program).flatMap(optionLines),
    '.SH COMMANDS',
    ...program.commands.flatMap(commandLines),
    '.SH EXIT STATUS',
    ...statusLines().flatMap(([code, text]) => ['.TP', `.B ${code}`, roff(text)]),
    '.SH ENVIRONMENT',
    roff(
      `Every option has an environment variable, such as ${variableFor(program, 'get', 'max-peers')} for --max-peers and ${variableFor(program, 'get', 'no-dht')}=1 for --no-dht. The command line wins over the environment, and the environment over the config file. unchoke config shows all settings and where they come from.`,
    ),
    '.SH FILES',
    '.TP',
    `.I ${roff('unchoke.json')}`,
    roff(
      'Options by their long names, for all commands or for one command under its name: {"max-peers": 200, "get": {"output": "/srv"}}',
    ),
    '.br',
    roff(`It is in ${placesOf('config')}`),
    '.TP',
    `.I ${roff('journal.key')}`,
    'the key that signs journals.',
    roff(`It is in ${placesOf('state')}`),
    '.TP',
    `.I ${roff('dht.json, dht6.json')}`,
    'DHT nodes from the last run.',
    roff(`They are in ${placesOf('cache')}`),
    '',
  ].join('\n');
}

function commandLines(command: Command): string[] {
  const groups = [...groupsOf(optionsOf(command))];
  return [
    `.SS unchoke ${command.name()} ${roff(command.usage())}`,
    roff(command.description()),
    ...command.registeredArguments.flatMap((argument) => [
      '.TP',
      `.I ${roff(argument.name())}`,
      roff(argumentText(argument)),
    ]),
    // One group needs no heading.
    ...groups.flatMap(([heading, options]) => [
      ...(groups.length === 1 ? [] : ['.PP', `.I ${roff(heading)}`]),
      ...options.flatMap(optionLines),
    ]),
    ...(command.name() === 'swarm' ? kindLines() : []),
  ];
}

/** What `--mix` can be made of. */
function kindLines(): string[] {
  const terms = (rows: typeof PEER_KINDS): string[] =>
    rows.flatMap(([name, what]) => ['.TP', `.B ${roff(name)}`, roff(what)]);
  return ['.PP', '.I Mixes:', ...terms(NAMED_MIXES), '.PP', '.I Kinds of peers:', ...terms(PEER_KINDS)];
}

/** The folder on each platform. */
function placesOf(kind: FolderKind): string {
  const on = (platform: NodeJS.Platform, environment: NodeJS.ProcessEnv = {}): string =>
    folderAt(kind, { platform, environment, home: () => '~' });
  const windows = on('win32', { APPDATA: '%APPDATA%', LOCALAPPDATA: '%LOCALAPPDATA%' });
  const variable = `$XDG_${kind.toUpperCase()}_HOME`;
  return `${on('linux')}, on macOS in ${on('darwin')}, on Windows in ${windows}; if ${variable} is set, in ${variable}/unchoke.`;
}

function variableFor(program: Command, command: string, long: string): string {
  const options = settingsOf(program.commands.find((one) => one.name() === command) ?? program);
  const option = options.find((one) => one.long === `--${long}`);
  return option === undefined ? '' : variableOf(option);
}

function optionLines(option: Option): string[] {
  return ['.TP', `.B ${roff(option.flags)}`, roff(optionText(option))];
}

/** Backslashes, dashes and tildes mean something to roff, and so do dots and quotes at the start of a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replace(/^([.'])/gm, '\\&$1');
}
