/** All settings with their values and where these come from, each option once: for `unchoke config`. */
import type { Command, Option } from 'commander';
import { typedUrl } from '../text/foreign-text.ts';
import { applySettings, longOf, type Origin, settingsOf, variableOf } from './settings.ts';

/** A value that some commands have. */
export interface SettingValue {
  readonly commands: readonly string[];
  /** As texts: `true` or `false` for a switch, each member of a list; empty if the option is not set. */
  readonly value: readonly string[];
  readonly from: 'default' | 'environment' | 'file';
  /** The key in the config file; null if the value is not from there. */
  readonly key: string | null;
  /** What happens if the option is not set, in words; null if nothing does, or if it is set. */
  readonly otherwise: string | null;
}

/** An option that can be set outside the command line. */
export interface Setting {
  /** Its long name without dashes, as in the config file. */
  readonly option: string;
  /** Its variable in the environment. */
  readonly variable: string;
  /** One value for all commands that have the option, or several; the one that most commands have is first. */
  readonly values: readonly SettingValue[];
}

/** By name. Throws a usage failure if a setting is invalid. */
export function settingsList(commands: readonly Command[], environment: NodeJS.ProcessEnv): Setting[] {
  const settings = new Map<string, { variable: string; values: SettingValue[] }>();
  for (const command of commands) {
    const origins = applySettings(command, commands, environment);
    for (const option of settingsOf(command)) {
      const setting = settings.get(longOf(option)) ?? { variable: variableOf(option), values: [] };
      const value = settingValue(command, option, origins.get(option));
      settings.set(longOf(option), { ...setting, values: withValue(setting.values, value) });
    }
  }
  const names = [...settings.keys()].sort();
  return names.map((option) => ({ option, ...byUse(settings.get(option)) }));
}

/** Commands with the same value are one entry. */
function withValue(values: readonly SettingValue[], one: SettingValue): SettingValue[] {
  const same = values.find(
    (other) => JSON.stringify({ ...other, commands: one.commands }) === JSON.stringify(one),
  );
  if (same === undefined) return [...values, one];
  const joined = { ...same, commands: [...same.commands, ...one.commands] };
  return values.map((other) => (other === same ? joined : other));
}

function byUse(setting: { variable: string; values: SettingValue[] } = { variable: '', values: [] }) {
  return {
    ...setting,
    values: [...setting.values].sort((one, other) => other.commands.length - one.commands.length),
  };
}

function settingValue(command: Command, option: Option, origin: Origin | undefined): SettingValue {
  const value = textsOf(command, option);
  return {
    commands: [command.name()],
    value,
    from: origin === undefined ? 'default' : 'key' in origin ? 'file' : 'environment',
    key: origin !== undefined && 'key' in origin ? origin.key : null,
    otherwise: value.length === 0 ? otherwiseOf(option) : null,
  };
}

function textsOf(command: Command, option: Option): string[] {
  const value: unknown = command.getOptionValue(option.attributeName());
  if (typeof value === 'number' && !option.required) return [String(value)];
  if (!option.required) return [String(option.negate ? value === false : value === true)];
  const given: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return given.map((one) => withoutPassword(option, String(one)));
}

/** The user may have written something that is no URL, so the whole value is read as one. */
function withoutPassword(option: Option, value: string): string {
  return option.flags.includes('<url>') ? typedUrl(value) : value;
}

/** The default that is in the words of the option only. */
function otherwiseOf({ description, defaultValueDescription }: Option): string | null {
  return defaultValueDescription ?? /\(default: (.+)\)$/.exec(description)?.[1] ?? null;
}
