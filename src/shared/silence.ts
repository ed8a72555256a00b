/** Detects a server that sends nothing. A socket time-out would fire after a stop of our process, before we read what arrived. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { monotonicMs } from './clock.ts';
import { LIVED_TIMER_STEP_MS } from './limits.ts';
import { LivedClock } from './lived-clock.ts';

/**
 * Calls `onSilent` when nothing has arrived for `ms`, from now until the request is over. While the body has bytes that we have not
 * read, or all of it is here, the server is not silent: it waits for us, as with a download limit.
 */
export function watchSilence(sent: ClientRequest, ms: number, onSilent: () => void): void {
  const clock = new LivedClock(monotonicMs);
  let since = clock.now();
  let bytesRead = 0;
  let body: IncomingMessage | null = null;
  sent.once('response', (response) => {
    body = response;
  });
  const look = (): void => {
    // A request without a connection reports its end only when it gets one.
    if (sent.destroyed) return clearInterval(timer);
    const now = clock.now();
    const read = sent.socket?.bytesRead ?? 0;
    const waitsForUs = body !== null && (body.complete || body.readableLength > 0);
    if (read !== bytesRead || waitsForUs) since = now;
    bytesRead = read;
    if (now - since >= ms) onSilent();
  };
  const timer = setInterval(look, Math.min(LIVED_TIMER_STEP_MS, ms));
  sent.once('close', () => clearInterval(timer));
}
