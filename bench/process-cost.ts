/** What a running process and its children have cost so far, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessCost {
  readonly userS: number;
  readonly systemS: number;
  /** The most memory that it had at one time; pages of mapped files count. */
  readonly peakRssBytes: number;
  /** Now, without pages of files. */
  readonly anonymousBytes: number;
}

/** The kernel's unit, on every Linux that Node runs on. */
const TICKS_PER_S = 100;
const PEAK = 'VmHWM';
const ANONYMOUS = 'RssAnon';

export function processCost(pid: number): ProcessCost {
  // What follows the name in brackets: state, parent, …
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1_024;
  const [user = 0, system = 0, usersOfEnded = 0, systemOfEnded = 0] = fields.slice(11);
  const children = childrenOf(pid).map(processCost);
  const sum = (figure: keyof ProcessCost): number => children.reduce((all, child) => all + child[figure], 0);
  return {
    userS: (user + usersOfEnded) / TICKS_PER_S + sum('userS'),
    systemS: (system + systemOfEnded) / TICKS_PER_S + sum('systemS'),
    peakRssBytes: bytesOf(PEAK) + sum('peakRssBytes'),
    anonymousBytes: bytesOf(ANONYMOUS) + sum('anonymousBytes'),
  };
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
