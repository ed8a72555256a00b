/** What a console writes to stderr, outside of a terminal. */
import type { TestContext } from 'node:test';

/** Lines so far; nothing reaches the real stderr until the test ends. */
export function shownOn(t: TestContext): readonly string[] {
  const shown: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => {
    shown.push(...text.trimEnd().split('\n'));
    return true;
  });
  return shown;
}
