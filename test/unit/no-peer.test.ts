/** How a run says that no peer is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exhaustedText, noPeerText } from '../../src/main/session/no-peer.ts';

test('trackers are blamed only if some were asked', () => {
  assert.deepEqual(
    [exhaustedText(0, true), exhaustedText(1, true), exhaustedText(7, false)],
    [
      'no peer to download from: no tracker knows one, and --peer names none',
      'the only peer is gone, and no tracker answers',
      'all 7 peers are gone, and no tracker was asked for more',
    ],
  );
  assert.deepEqual(
    [noPeerText('race', true), noPeerText('download from', false)],
    [
      'no peer to race: no tracker knows one, and --peer names none',
      'no peer to download from: no tracker was asked, and --peer names none',
    ],
  );
});
