/**
 * A terminal that went away. At its end Node restores the modes of the terminals that it began with, and aborts the process
 * where one is gone; what is another file by then it leaves alone.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

/** Once, at the start: when the process ends, nothing of a terminal that is gone is touched. */
export function surviveLostTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  if (terminals.length === 0) return;
  process.once('exit', () => {
    for (const descriptor of terminals) {
      if (isatty(descriptor)) continue;
      closeSync(descriptor);
      // The lowest number that is free, which is the same one.
      openSync(devNull, descriptor === 0 ? 'r' : 'w');
    }
  });
}
