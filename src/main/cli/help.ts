/**
 * `--help`. A command with many options shows first what one needs first, on one screen; `--help-all` shows everything by group.
 * `unchoke help` is our own command, because commander's takes no options.
 */
import { Argument, type Command, CommanderError, type Help, Option } from 'commander';
import { Failure } from '../failure.ts';
import { wrapped } from '../text/wrapped.ts';
import { ourWord } from './command-word.ts';
import { kindsText } from './commands/swarm-kinds.ts';
import { argumentText, firstThought, groupsOf, optionText } from './option-text.ts';
import { answerToCommand } from './other-clients.ts';
import { terminalColumns } from './output/terminal.ts';
import { commandGuess } from './output/usage-error.ts';

const DOWNLOAD_FIRST = [
  '--output',
  '--select',
  '--choose',
  '--dry-run',
  '--seed',
  '--download-limit',
  '--upload-limit',
  '--tracker',
  '--port',
  '--proxy',
  '--quiet',
  '--verbose',
];
/** The options of a first screen, in this order. The lines of a screen of 80 columns and 24 lines are the limit. */
const FIRST = [
  '--until',
  '--duration',
  '--for',
  '--scrape',
  '--timeout',
  '--peer',
  '--proxy',
  '--max-peers',
  '--memory',
  '--report',
  '--json',
  '--quiet',
  '--verbose',
];
/** The first screen of commands whose options do not all fit it. */
const FIRST_OF: Readonly<Record<string, readonly string[]>> = {
  get: DOWNLOAD_FIRST,
  watch: DOWNLOAD_FIRST,
  create: [
    '--output',
    '--piece-length',
    '--hybrid',
    '--v2',
    '--v1',
    '--tracker',
    '--private',
    '--comment',
    '--name',
    '--force',
    '--json',
    '--quiet',
  ],
  'fleet add': [
    '--queue',
    '--queue-name',
    '--select',
    '--tracker',
    '--priority',
    '--attempts',
    '--backoff',
    '--quiet',
  ],
  'fleet work': [
    '--queue',
    '--queue-name',
    '--output',
    '--slots',
    '--machine',
    '--affinity',
    '--drain',
    '--seed-ratio',
    '--seed-time',
    '--download-limit',
    '--upload-limit',
    '--port',
  ],
  // All of them: the whole help also has the kinds of peers.
  swarm: [
    '--peers',
    '--seed',
    '--mix',
    '--payload',
    '--files',
    '--piece-length',
    '--rate',
    '--rtt',
    '--for',
    '--output',
    '--json',
  ],
  share: [
    '--data',
    '--save-torrent',
    '--private',
    '--tracker',
    '--upload-limit',
    '--seed-ratio',
    '--seed-time',
    '--port',
    '--proxy',
    '--quiet',
    '--verbose',
  ],
};
/** A command with more options does not fit one screen. */
const MOST_OPTIONS = 12;
const HELP = new Option('-h, --help', 'show this help');

/** Gives all commands of the program our help. Call it when all commands are there. */
export function setUpHelp(program: Command): void {
  /** Commands whose whole help was asked for. */
  const whole = new Set<Command>();
  const isShort = (command: Command): boolean => isLong(command) && !whole.has(command);
  const showWhole = (command: Command): void => {
    whole.add(command);
    command.outputHelp();
  };
  for (const command of program.commands) if (isLong(command)) addHelpAll(command, showWhole, isShort);
  program.helpCommand(false);
  const names = program.commands.map((command) => command.name());
  program
    .command('help')
    .description('show the help of a command')
    .addArgument(
      new Argument('[command]', 'the command; none: the list of commands')
        .choices(names.filter((name) => !name.includes(' ')))
        .argParser(asCommand(names)),
    )
    .option('--all', 'show all options of the command')
    .action((name: string | undefined, { all }: { all?: boolean }) => {
      const command = program.commands.find((one) => one.name() === name) ?? program;
      if (all === true) showWhole(command);
      else command.outputHelp();
    });
  for (const command of [program, ...program.commands]) {
    command.helpOption(HELP.flags, HELP.description);
    command.configureHelp({ ...command.configureHelp(), ...style(isShort) });
  }
}

/** With the option that every command has: commander keeps it apart. */
export function optionsOf(command: Command): Option[] {
  return [...command.options.filter(({ hidden }) => !hidden), HELP];
}

/** The choices are for completion: a word of another client has the help of our command. */
function asCommand(names: readonly string[]): (word: string) => string {
  return (word) => {
    const name = ourWord(word) ?? word;
    if (names.includes(name)) return name;
    const guess = answerToCommand(word) ?? commandGuess(word);
    throw new Failure(
      'usage',
      `help ${word}: there is no such command; ${guess ?? 'unchoke help lists them'}`,
    );
  };
}

function isLong(command: Command): boolean {
  return command.options.length > MOST_OPTIONS || command.name() in FIRST_OF;
}

function addHelpAll(
  command: Command,
  showWhole: (command: Command) => void,
  isShort: (command: Command) => boolean,
): void {
  command.addOption(new Option('--help-all', 'show all options').helpGroup('Options:'));
  command.on('option:help-all', () => {
    showWhole(command);
    throw new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)');
  });
  command.addHelpText('after', () =>
    isShort(command)
      ? `\nunchoke ${command.name()} --help-all shows ${command.name() === 'swarm' ? 'the kinds of peers' : 'all options'}`
      : moreOf(command),
  );
}

/** What the whole help of a command says beside its options. */
function moreOf(command: Command): string {
  return command.name() === 'swarm' ? `\n${kindsText(terminalColumns('stdout') ?? 80)}` : '';
}

/** With less room beside the names, descriptions are below them. */
const LEAST_COLUMNS = 35;
const BELOW = '      ';
/** Before the name and after it. */
const GAPS = 4;

/** How commander writes help. */
function style(isShort: (command: Command) => boolean): Partial<Help> {
  let short = false;
  return {
    minWidthToWrap: LEAST_COLUMNS,
    formatItem: (term, termWidth, description, helper) => {
      const columns = helper.helpWidth ?? 80;
      if (columns - termWidth - GAPS >= LEAST_COLUMNS)
        return `  ${term.padEnd(termWidth)}  ${helper.boxWrap(description, columns - termWidth - GAPS).replaceAll('\n', `\n${' '.repeat(termWidth + GAPS)}`)}`;
      return [`  ${term}`, ...wrapped(`${BELOW}${description}`, columns - 1)].join('\n');
    },
    commandDescription: (command) => command.description(),
    visibleArguments: (command) => {
      short = isShort(command);
      return [...command.registeredArguments].filter(({ description }) => description !== '');
    },
    argumentDescription: (argument) => (short ? firstThought(argument.description) : argumentText(argument)),
    visibleOptions: (command) => {
      short = isShort(command);
      if (short) return firstOf(command);
      return [...groupsOf(optionsOf(command)).values()].flat();
    },
    groupItems: <T extends Command | Option>(_: T[], visible: T[], groupOf: (item: T) => string) => {
      const groups = new Map<string, T[]>();
      for (const item of visible) {
        const heading = short ? 'Options:' : groupOf(item);
        groups.set(heading, [...(groups.get(heading) ?? []), item]);
      }
      return groups;
    },
    optionDescription: (option) => (short ? firstThought(option.description) : optionText(option)),
    subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    subcommandDescription: (command) => firstThought(command.description()),
  };
}

function firstOf(command: Command): Option[] {
  const wanted = FIRST_OF[command.name()] ?? FIRST;
  return wanted.flatMap((long) => optionsOf(command).find((one) => one.long === long) ?? []);
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
