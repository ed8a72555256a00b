/**
 * What the main thread needs of the world outside: time, chance, files, and what this machine is. A simulation brings its own, so
 * that a whole session runs in virtual time.
 */
import { type Clock, monotonicMs } from '../shared/clock.ts';
import { type FileSystem, SYSTEM_FILES } from '../shared/file-system.ts';
import { type Later, livedLater } from '../shared/lived-timer.ts';
import { ownAddresses } from '../shared/own-addresses.ts';
import { type Processes, SYSTEM_PROCESSES } from './files/processes.ts';

export interface MainWorld {
  /** Monotonic milliseconds, as all threads see them. */
  readonly now: Clock;
  /** Does the work once, in so many milliseconds of lived time. */
  readonly later: Later;
  /** Does the work every so many milliseconds. Returns how that ends. */
  readonly every: (ms: number, work: () => void) => () => void;
  /** The same, but it does not keep the process alive. */
  readonly meanwhile: (ms: number, work: () => void) => () => void;
  /** Does the work in the next turn of the event loop. */
  readonly soon: (work: () => void) => void;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** The addresses of this machine; null where they are not known. */
  readonly ownAddresses: () => readonly string[] | null;
  readonly files: FileSystem;
  readonly processes: Processes;
}

export const SYSTEM_MAIN: MainWorld = {
  now: monotonicMs,
  later: livedLater,
  every: (ms, work) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  },
  meanwhile: (ms, work) => {
    const timer = setInterval(work, ms).unref();
    return () => clearInterval(timer);
  },
  soon: (work) => void setImmediate(work),
  random: Math.random,
  ownAddresses,
  files: SYSTEM_FILES,
  processes: SYSTEM_PROCESSES,
};
