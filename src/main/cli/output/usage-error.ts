/** Errors of the option parser in our style: what, where; what to do. Words of other clients get an answer. */
import type { Command } from 'commander';
import { knownWords, ourWord } from '../command-word.ts';
import { firstThought } from '../option-text.ts';
import { answerTo, answerToCommand } from '../other-clients.ts';
import { didYouMean, inWords } from '../similar-words.ts';

const NO = /^(?:0|false|no|off)$/i;

/** Commander's sentences, and ours for them. */
const SENTENCES: readonly (readonly [RegExp, (parts: readonly string[], command: Command) => string])[] = [
  [/^unknown option '(.*)'$/s, ([given = ''], command) => unknownOption(given, command)],
  [
    /^unknown command '(.*)'$/s,
    ([word = '']) => `unknown command '${word}'${advice(answerToCommand(word) ?? commandGuess(word))}`,
  ],
  [/^missing required argument '(.*)'$/s, ([name = ''], command) => missingArgument(name, command)],
  [
    /^option '(.*)' argument missing$/s,
    ([flags = '']) => `${longIn(flags)}: its value is missing; write ${flags.replace(/^-., /, '')}`,
  ],
  [
    /^option '(.*?)' argument '(.*)' is invalid\. (.*)$/s,
    ([flags = '', value = '', why = '']) => `${longIn(flags)} ${value}: ${choiceWords(value, why)}`,
  ],
  [
    /^command-argument value '(.*)' is invalid for argument '(.*?)'\. (.*)$/s,
    ([value = '', , why = ''], command) => `${command.name()} ${value}: ${choiceWords(value, why)}`,
  ],
  [
    /^too many arguments(?: for '(.*)')?\. Expected (\d+) arguments? but got (\d+)\.$/,
    ([name = '', most = '', got = '']) => tooMany(name, Number(most), Number(got)),
  ],
];

/** `text`: from commander, for example `error: unknown option '--dir'`. `command`: whose words they are. */
export function usageError(text: string, command: Command): string {
  const plain = text.trimEnd().replace(/^error: /, '');
  for (const [form, ours] of SENTENCES) {
    const match = form.exec(plain);
    if (match !== null) return ours(match.slice(1), command);
  }
  return plain;
}

/** Why a value is none of the choices, from commander's sentence. Another sentence stays. */
export function choiceWords(value: string, why: string): string {
  const list = /^Allowed choices are (.*)\.$/s.exec(why)?.[1];
  if (list === undefined) return why;
  const choices = list.split(', ');
  return `not one of ${choices.join(', ')}${advice(didYouMean(value, choices))}`;
}

/** A command that is written like the word, also in the words of other clients. */
export function commandGuess(word: string): string | null {
  const guess = didYouMean(word, knownWords());
  return guess === null ? null : guess.replace(/[\w-]+(?=\?|, | or )/g, (one) => ourWord(one) ?? one);
}

function advice(text: string | null): string {
  return text === null ? '' : `; ${text}`;
}

function longIn(flags: string): string {
  return /--[^\s]+/.exec(flags)?.[0] ?? flags;
}

function unknownOption(given: string, command: Command): string {
  const [name = '', ...values] = given.split('=');
  const value = values.length === 0 ? null : values.join('=');
  const own = command.options.find(({ long }) => long === name);
  if (own !== undefined && value !== null)
    return `${name} takes no value; ${NO.test(value) ? 'leave it out' : 'write it alone'}`;
  const what = answerTo(name, command) ?? switchedBy(name, value, command) ?? elsewhere(name, command);
  const known = [command, ...(command.parent === null ? [] : [command.parent])].flatMap(longsOf);
  return `unknown option '${name}'${advice(what ?? didYouMean(name, [...known, '--help']))}`;
}

/** `--dht=false` and `--dht`, where there is only `--no-dht`. */
function switchedBy(name: string, value: string | null, command: Command): string | null {
  const off = name.replace(/^--/, '--no-');
  if (!longsOf(command).includes(off)) return null;
  return value !== null && NO.test(value) ? `write ${off}` : `it is on; ${off} turns it off`;
}

/** Other commands that have the option. */
function elsewhere(name: string, { parent }: Command): string | null {
  const commands = parent?.commands.filter(({ options }) =>
    options.some(({ short, long, hidden }) => !hidden && (name === short || name === long)),
  );
  const names = commands?.map((one) => one.name()) ?? [];
  return names.length === 0 ? null : `it works with ${inWords(names).replace(/ or /, ' and ')}`;
}

function longsOf({ options }: Command): string[] {
  return options.flatMap(({ long, hidden }) => (hidden || long === undefined ? [] : [long]));
}

function missingArgument(name: string, command: Command): string {
  const argument = command.registeredArguments.find((one) => one.name() === name);
  const what =
    argument?.argChoices === undefined
      ? firstThought(argument?.description ?? '')
      : inWords(argument.argChoices);
  return `${command.name()}: <${name}> is missing${what === '' ? '' : `; give ${what}`}`;
}

function tooMany(name: string, most: number, got: number): string {
  const are = `${got === 1 ? 'there is' : 'there are'} ${got}`;
  if (most === 0) return `${name} takes only options, and ${are} more ${got === 1 ? 'word' : 'words'}`;
  return `${name} takes ${most === 1 ? 'one word' : `${most} words at most`}, and ${are}; put a name with spaces in quotes`;
}
