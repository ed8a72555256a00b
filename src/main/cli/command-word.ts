/** What the first word of the command line means. It is read before the command line is parsed, so that threads can start early. */
import { existsSync } from 'node:fs';

const COMMANDS = [
  ...['get', 'share', 'watch', 'race', 'doctor', 'bench', 'verify', 'inspect', 'create', 'swarm', 'demo'],
  ...['fleet', 'config', 'completion', 'man', 'help'],
] as const;

/** What follows `fleet`: commands whose names have two words. */
export const FLEET_WORDS = ['add', 'work', 'status', 'retry', 'remove', 'pause', 'resume'] as const;

/** Words of other clients, and words that people try, for the same thing. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ...inWords('get', 'download', 'fetch', 'dl', 'leech', 'add'),
  ...inWords('share', 'seed', 'serve', 'upload'),
  ...inWords('inspect', 'info', 'show', 'list', 'ls'),
  ...inWords('verify', 'check', 'recheck', 'validate', 'test'),
  ...inWords('create', 'make', 'new'),
  ...inWords('doctor', 'why'),
  ...inWords('config', 'settings'),
  ...inWords('--version', 'version'),
]);

function inWords(command: string, ...words: readonly string[]): (readonly [string, string])[] {
  return words.map((word) => [word, command]);
}

/** Options of the program itself, before any command. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(['-h', '--help', '-V', '--version']);
/** What no command looks like: a path, a URL, a magnet link, `@FILE`, `-`, or an info hash in hexadecimal or Base32. */
const SOURCE = /[./\\:@~]|^-$|^[0-9a-f]{40}$|^[a-z2-7]{32}$/i;

/**
 * The words with a command at their start: a source alone means `get`, as do options without a command. A word that is neither a
 * command nor like a source stays, for the error.
 */
export function withCommand(words: readonly string[]): readonly string[] {
  const [first, ...rest] = joined(words);
  if (first === undefined || OWN_OPTIONS.has(first) || isCommand(first)) return joined(words);
  // A file may be called `list` or `test`. Alone it is a source, as any other file; with more words it is the command.
  const isFile = existsSync(first);
  const other = ourWord(first);
  if (other !== null && !(isFile && rest.length === 0)) return [other, ...rest];
  return first.startsWith('-') || SOURCE.test(first) || isFile ? ['get', ...words] : words;
}

/** `fleet work` is one name, also after `help`. */
function joined(words: readonly string[]): readonly string[] {
  const at = words[0] === 'help' ? words.indexOf('fleet') : 0;
  const [group, word = '', ...more] = words.slice(Math.max(0, at));
  if (group !== 'fleet' || !(FLEET_WORDS as readonly string[]).includes(word)) return words;
  return [...words.slice(0, at), `fleet ${word}`, ...more];
}

/** Our command, or option of the program, for a word of another client; null if there is none. */
export function ourWord(word: string): string | null {
  return OTHER_WORDS.get(word) ?? null;
}

/** All words that stand for a command, for guesses. */
export function knownWords(): readonly string[] {
  return [...COMMANDS, ...OTHER_WORDS.keys()];
}

function isCommand(word: string): boolean {
  return (COMMANDS as readonly string[]).includes(word) || word.startsWith('fleet ');
}
