/** Detects a server that sends nothing. A socket time-out would fire after a stop of our process, before we read what arrived. */
import type { ClientRequest } from 'node:http';
import { monotonicMs } from './clock.ts';
import { LIVED_TIMER_STEP_MS } from './limits.ts';
import { LivedClock } from './lived-clock.ts';

/** Calls `onSilent` when nothing has arrived for `ms`, from now until the request is over. */
export function watchSilence(sent: ClientRequest, ms: number, onSilent: () => void): void {
  const clock = new LivedClock(monotonicMs);
  let since = clock.now();
  let bytesRead = 0;
  const look = (): void => {
    // A request without a connection reports its end only when it gets one.
    if (sent.destroyed) return clearInterval(timer);
    const now = clock.now();
    const read = sent.socket?.bytesRead ?? 0;
    if (read !== bytesRead) since = now;
    bytesRead = read;
    if (now - since >= ms) onSilent();
  };
  const timer = setInterval(look, Math.min(LIVED_TIMER_STEP_MS, ms));
  sent.once('close', () => clearInterval(timer));
}
