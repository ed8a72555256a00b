/**
 * At its exit Node restores the modes of the terminals that it started with. It aborts if such a terminal is gone. It skips a
 * descriptor that belongs to another file by then.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

/** Call once, at the start. At the exit it replaces each terminal that is gone with the null device. */
export function surviveLostTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  if (terminals.length === 0) return;
  process.once('exit', () => {
    for (const descriptor of terminals) {
      if (isatty(descriptor)) continue;
      closeSync(descriptor);
      // The system gives the lowest free number, which is the one that we just closed.
      openSync(devNull, descriptor === 0 ? 'r' : 'w');
    }
  });
}
