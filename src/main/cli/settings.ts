/**
 * Options that are not on the command line: first from the environment (`UNCHOKE_MAX_PEERS` for `--max-peers`), then from the
 * config file (`unchoke.json` in the user's config folder). The option checks the value, no matter where it comes from.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { diskPath } from '../../shared/byte-name.ts';
import { systemWords } from '../../shared/system-words.ts';
import { BadOption, Failure } from '../failure.ts';
import { homePath } from '../files/home-path.ts';
import { userFolder } from '../files/user-folders.ts';
import { choiceWords } from './output/usage-error.ts';

/** Booleans as people write them in the environment. */
const YES = /^(?:1|true|yes|on)$/i;
const NO = /^(?:0|false|no|off|)$/i;
/** Options whose value is a path say so in their help. */
const PATH_VALUE = /<(?:[^>]*\W)?(?:file|dir|folder|path|program)\W/;
/** They ask for help, or for all that there is. */
const NO_SETTINGS = new Set(['help', 'help-all', 'version', 'all']);
/** They say what is possible, also when a setting is wrong. */
const WITHOUT_SETTINGS = new Set(['help', 'completion', 'man']);

/** `UNCHOKE_MAX_PEERS` for `--max-peers`, `UNCHOKE_NO_DHT` for `--no-dht`. */
export function variableOf(option: Option): string {
  return `UNCHOKE_${longOf(option).toUpperCase().replaceAll('-', '_')}`;
}

export function configPath(environment: NodeJS.ProcessEnv): string {
  return join(userFolder('config', environment), 'unchoke.json');
}

/** The options that can be set outside the command line, with long names without dashes. A hidden option is another name of one. */
export function settingsOf(command: Command): Option[] {
  if (WITHOUT_SETTINGS.has(command.name())) return [];
  return command.options.filter((option) => !option.hidden && !NO_SETTINGS.has(longOf(option)));
}

/**
 * Where a value comes from that is not on the command line: a variable, or a key of the config file (`get.output`). `where`: the
 * same for a message, before the value.
 */
export type Origin = ({ readonly variable: string } | { readonly key: string }) & { readonly where: string };
export type Origins = ReadonlyMap<Option, Origin>;

/** An option is named by the variable, or by the file and the key, if its bad value comes from there. */
export function withOrigin(error: unknown, origins: Origins): unknown {
  if (!(error instanceof BadOption)) return error;
  const [, origin] = [...origins].find(([{ long }]) => long === error.option) ?? [];
  return origin === undefined ? error : error.from(origin.where);
}

/**
 * Sets the options that the command line left out, and returns where each of them comes from. Throws a usage failure that names
 * the variable, or the file and the key.
 */
export function applySettings(
  command: Command,
  all: readonly Command[],
  environment: NodeJS.ProcessEnv,
): Origins {
  const origins = new Map<Option, Origin>();
  const options = settingsOf(command);
  if (options.length === 0) return origins;
  const config = readConfig(configPath(environment), all);
  for (const option of options) {
    // Commander gives no source for an option without a default until the option is given.
    const given = command.getOptionValueSource(option.attributeName());
    if (given !== undefined && given !== 'default') continue;
    const variable = environment[variableOf(option)];
    if (variable !== undefined) {
      const where = `${variableOf(option)}=`;
      setFrom(command, option, variable, { source: 'env', where: `${where}${variable}` });
      origins.set(option, { variable: variableOf(option), where });
      continue;
    }
    const found = config.find(command.name(), longOf(option));
    if (found === null) continue;
    setFrom(command, option, found.value, { source: 'config', where: found.where });
    origins.set(option, { key: found.key, where: `${found.where} ` });
  }
  return origins;
}

/** The long name without dashes. */
export function longOf(option: Option): string {
  return (option.long ?? '').replace(/^--/, '');
}

function setFrom(
  command: Command,
  option: Option,
  value: unknown,
  { source, where }: { readonly source: 'env' | 'config'; readonly where: string },
): void {
  const name = option.attributeName();
  if (!option.required && !option.optional) {
    // A switch that counts how often it is given, such as -vv, takes a number as well.
    if (option.parseArg !== undefined && /^[1-9]$/.test(String(value)))
      return void command.setOptionValueWithSource(name, Number(value), source);
    const given = asBoolean(value, where);
    const on = option.parseArg === undefined ? given : Number(given);
    command.setOptionValueWithSource(name, option.negate ? !on : on, source);
    return;
  }
  const written = (Array.isArray(value) ? value : [value]).map((one) => asText(one, where));
  const texts = PATH_VALUE.test(option.flags) ? written.map(homePath) : written;
  let parsed: unknown = Array.isArray(option.defaultValue) ? option.defaultValue : undefined;
  for (const text of texts) {
    try {
      parsed = option.parseArg === undefined ? text : option.parseArg(text, parsed);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new Failure('usage', `${where}: ${choiceWords(text, error.message)}`);
    }
  }
  command.setOptionValueWithSource(name, parsed, source);
}

function asBoolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && YES.test(value)) return true;
  if (typeof value === 'string' && NO.test(value)) return false;
  throw new Failure('usage', `${where}: not true or false`);
}

function asText(value: unknown, where: string): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new Failure('usage', `${where}: not text or a number`);
}

interface Config {
  /** A value for one command wins over a value for all commands. `where`: the file and the key, for messages. */
  find(
    command: string,
    option: string,
  ): { readonly value: unknown; readonly key: string; readonly where: string } | null;
}

function readConfig(path: string, commands: readonly Command[]): Config {
  const known = new Map(commands.map((one) => [one.name(), new Set(settingsOf(one).map(longOf))]));
  const everywhere = new Set([...known.values()].flatMap((names) => [...names]));
  const root = jsonObject(path);
  for (const [key, value] of Object.entries(root)) {
    const own = known.get(key);
    if (own === undefined && !everywhere.has(key))
      throw new Failure('usage', `${path}: "${key}" is not an option`);
    if (own === undefined) continue;
    if (!isObject(value))
      throw new Failure('usage', `${path}: "${key}" is a command, so its value must be an object of options`);
    for (const name of Object.keys(value))
      if (!own.has(name)) throw new Failure('usage', `${path}: "${name}" is not an option of ${key}`);
  }
  return {
    find: (command, option) => {
      const own = root[command];
      if (isObject(own) && Object.hasOwn(own, option))
        return {
          value: own[option],
          key: `${command}.${option}`,
          where: `${path}: "${command}": "${option}"`,
        };
      if (!Object.hasOwn(root, option)) return null;
      return { value: root[option], key: option, where: `${path}: "${option}"` };
    },
  };
}

function jsonObject(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(diskPath(path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new Failure('usage', `${path}: ${systemWords(error)}`, { cause: error });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new Failure('usage', `${path}: not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new Failure('usage', `${path}: not an object of options`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
