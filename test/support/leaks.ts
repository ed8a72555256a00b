/** Checks at the end of every test with real threads, sockets or processes that nothing is left. */
import assert from 'node:assert/strict';
import { after } from 'node:test';

const OURS =
  /^(TCPSocketWrap|TCPServerWrap|TCPConnectWrap|UDPWrap|Worker|MessagePort|ProcessWrap|Timeout|FSReqCallback)$/;
const GRACE_MS = 3_000;

function leaked(before: readonly string[]): string[] {
  const left = process.getActiveResourcesInfo().filter((name) => OURS.test(name));
  for (const name of before) {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

/** Call at the top of a test file. Closing takes a few turns of the event loop, so a few are allowed. */
export function checkLeaksAtEnd(): void {
  const before = process.getActiveResourcesInfo().filter((name) => OURS.test(name));
  after(async () => {
    const deadline = performance.now() + GRACE_MS;
    while (leaked(before).length > 0 && performance.now() < deadline) await new Promise(setImmediate);
    assert.deepEqual(leaked(before), [], 'sockets, threads, timers or processes are left');
  });
}
