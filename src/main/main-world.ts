/**
 * What the main thread needs from outside: time, random numbers, files, and what this machine is. A simulation provides its own, so
 * that a whole session runs in virtual time.
 */
import { type Clock, monotonicMs } from '../shared/clock.ts';
import { type FileSystem, SYSTEM_FILES } from '../shared/file-system.ts';
import { type Later, livedLater } from '../shared/lived-timer.ts';
import { ownAddresses } from '../shared/own-addresses.ts';
import { SharedInterval } from '../shared/shared-interval.ts';
import { type Processes, SYSTEM_PROCESSES } from './files/processes.ts';
import { reservePort } from './network/reserve-port.ts';

export interface MainWorld {
  /** Monotonic milliseconds, as all threads see them. */
  readonly now: Clock;
  /** Does the work once, after this many milliseconds of lived time. */
  readonly later: Later;
  /** Repeats the work at this interval. Returns a function that ends it. */
  readonly every: (ms: number, work: () => void) => () => void;
  /** The same, but it does not keep the process alive, and works with the same interval take turns. */
  readonly meanwhile: (ms: number, work: () => void) => () => void;
  /** Does the work in the next turn of the event loop. */
  readonly soon: (work: () => void) => void;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** The addresses of this machine; null if they are not known. */
  readonly ownAddresses: () => readonly string[] | null;
  /** Finds out that no program listens at this port; 0 takes a free one. Rejects with the system's error. */
  readonly reservePort: (port: number, host: string | null) => Promise<number>;
  readonly files: FileSystem;
  readonly processes: Processes;
}

/** By their milliseconds. */
const intervals = new Map<number, SharedInterval>();

export const SYSTEM_MAIN: MainWorld = {
  now: monotonicMs,
  later: livedLater,
  every: (ms, work) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  },
  meanwhile: (ms, work) => {
    const interval = intervals.get(ms) ?? new SharedInterval(ms);
    intervals.set(ms, interval);
    return interval.begin(work);
  },
  soon: (work) => void setImmediate(work),
  random: Math.random,
  ownAddresses,
  reservePort,
  files: SYSTEM_FILES,
  processes: SYSTEM_PROCESSES,
};
