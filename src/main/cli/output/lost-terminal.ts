/**
 * At its exit Node restores the modes of the terminals that it started with. It aborts if such a terminal is gone. In the background
 * it would change the modes under the program in the foreground, or be stopped. It skips a descriptor that belongs to another file
 * by then.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';
import { standingAt } from './job-control.ts';

/** Call once, at the start. At the exit it leaves each terminal that is gone or that another program uses. */
export function surviveLostTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  if (terminals.length === 0) return;
  process.once('exit', () => {
    for (const descriptor of terminals) leaveTerminal(descriptor);
  });
}

/** At the exit: replaces a terminal that is not ours now with the null device. */
export function leaveTerminal(descriptor: number): void {
  if (isatty(descriptor) && standingAt([descriptor]) !== 'background') return;
  closeSync(descriptor);
  // The system gives the lowest free number, which is the one that we just closed.
  openSync(devNull, descriptor === 0 ? 'r' : 'w');
}
