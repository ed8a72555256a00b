/**
 * The signals that a user, a supervisor or Windows sends to end a run. `timeout`, npm and others signal the process and then its whole
 * group, so one wish comes as two signals at once: these count as one.
 */
import { type Clock, monotonicMs } from '../../../shared/clock.ts';
import { SIGNAL_ECHO_MS } from '../../../shared/limits.ts';
import { onLostStdout } from '../output/terminal.ts';

const ENDING = ['SIGINT', 'SIGTERM'] as const;

/** The returned function stops listening. */
export function onEndingSignals(heard: () => void, now: Clock = monotonicMs): () => void {
  let before = Number.NEGATIVE_INFINITY;
  const hear = (): void => {
    if (now() - before < SIGNAL_ECHO_MS) return;
    heard();
    // What came while we were busy with the first one is an echo as well.
    before = now();
  };
  for (const signal of ENDING) process.on(signal, hear);
  return () => {
    for (const signal of ENDING) process.off(signal, hear);
  };
}

/**
 * Nobody gets what we write: the terminal is gone, or the disk under stdout is full. Both kernel and shell may say that a terminal is
 * gone, and SIGTERM may follow, so it never counts as a second signal. The returned function stops listening.
 */
export function onLostOutput(heard: () => void): () => void {
  process.on('SIGHUP', heard);
  const forget = onLostStdout(heard);
  return () => {
    process.off('SIGHUP', heard);
    forget();
  };
}
