/** A DHT that does not answer: who is told, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Console } from '../../src/main/cli/output/console.ts';
import { DhtSilence } from '../../src/main/cli/output/dht-silence.ts';
import { tellSource } from '../../src/main/cli/output/source-news.ts';
import { shownOn } from '../support/shown-lines.ts';

const SILENT = {
  tracker: 'dht',
  kind: 'failed',
  text: 'the names of its first nodes cannot be looked up',
} as const;
const ANSWER = { tracker: 'dht', kind: 'answered', text: '3 peers' } as const;

test('it is a detail; what trackers say is news', (t) => {
  const shown = shownOn(t);
  const plain = new Console({ json: false, quiet: false });
  tellSource(plain, SILENT);
  assert.deepEqual(shown, []);
  tellSource(plain, { tracker: 'http://t.example/announce', kind: 'failed', text: 'refused' });
  tellSource(plain, ANSWER);
  tellSource(new Console({ json: false, quiet: false, verbose: 1 }), SILENT);
  assert.deepEqual(shown, [
    'http://t.example/announce failed: refused',
    'dht answered: 3 peers',
    'dht failed: the names of its first nodes cannot be looked up',
  ]);
});

test('a share is told once, after ten seconds without any peer', () => {
  const silence = new DhtSilence();
  assert.equal(silence.matters(0, 60_000), null, 'nothing is wrong');
  silence.heard(SILENT, 60_000);
  silence.heard(SILENT, 65_000);
  assert.equal(silence.matters(0, 69_999), null);
  assert.equal(silence.matters(0, 70_000), SILENT.text);
  assert.equal(silence.matters(0, 80_000), null);
});

test('a share with a peer, and one whose DHT answers later, are not told', () => {
  const [reached, late] = [new DhtSilence(), new DhtSilence()];
  for (const silence of [reached, late]) silence.heard(SILENT, 0);
  late.heard(ANSWER, 5_000);
  assert.deepEqual([reached.matters(1, 10_000), reached.matters(0, 20_000)], [null, null]);
  assert.equal(late.matters(0, 10_000), null);
});
