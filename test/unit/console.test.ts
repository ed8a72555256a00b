/** What people are shown while they are asked something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Console } from '../../src/main/cli/output/console.ts';

test('while the user is asked, nothing is shown; news come after the answer, in their order', async (t) => {
  const shown: string[] = [];
  const write = t.mock.method(process.stderr, 'write', (text: string) => shown.push(text) > 0);
  const console = new Console({ json: false, quiet: false });
  try {
    const answer = await console.asking(async () => {
      console.news('a tracker answered');
      console.progress('5.0 %', { phase: 'downloading' });
      console.error('another one did not');
      assert.deepEqual(shown, []);
      return 'yes';
    });
    assert.equal(answer, 'yes');
    console.news('later');
  } finally {
    write.mock.restore();
  }
  assert.deepEqual(shown, ['a tracker answered\n', 'unchoke: another one did not\n', 'later\n']);
});
