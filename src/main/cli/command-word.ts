/** What the first word of the command line means. It is read before the command line is parsed, so that threads can start early. */
import { existsSync } from 'node:fs';

const COMMANDS = [
  ...['get', 'share', 'watch', 'race', 'doctor', 'bench', 'verify', 'inspect', 'create', 'swarm', 'demo'],
  ...['config', 'completion', 'man', 'help'],
] as const;

/** Words of other clients for the same thing. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['download', 'get'],
  ['fetch', 'get'],
  ['info', 'inspect'],
  ['show', 'inspect'],
  ['check', 'verify'],
  ['make', 'create'],
]);

/** Options of the program itself, before any command. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(['-h', '--help', '-V', '--version']);
/** What no command looks like: a path, a URL, a magnet link, `@FILE`, `-`, or an info hash in hexadecimal or Base32. */
const SOURCE = /[./\\:@~]|^-$|^[0-9a-f]{40}$|^[a-z2-7]{32}$/i;

/**
 * The words with a command at their start: a source alone means `get`, as do options without a command. A word that is neither a
 * command nor like a source stays, for the error.
 */
export function withCommand(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words;
  if (first === undefined || OWN_OPTIONS.has(first) || isCommand(first)) return words;
  const other = OTHER_WORDS.get(first);
  if (other !== undefined) return [other, ...rest];
  return first.startsWith('-') || SOURCE.test(first) || existsSync(first) ? ['get', ...words] : words;
}

function isCommand(word: string): boolean {
  return (COMMANDS as readonly string[]).includes(word);
}
