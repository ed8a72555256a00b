/** Sources of one command that turn out to be the same torrent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OneDownload, TakenSources } from '../../src/main/session/taken-sources.ts';
import { deferred } from '../../src/shared/deferred.ts';

interface Begun {
  readonly one: OneDownload;
  readonly status: Promise<number>;
  readonly same: string[];
  end(status: number): void;
}

function begin(taken: Pick<TakenSources, 'once'>, owner: string, ...names: readonly string[]): Begun {
  const ended = deferred<number>();
  const same: string[] = [];
  let one: OneDownload | null = null;
  const status = taken.once(names, owner, {
    download: (own) => {
      one = own;
      return ended.promise;
    },
    onSame: (other) => void same.push(other),
  });
  const none: OneDownload = { know: () => {}, signal: new AbortController().signal };
  return { one: one ?? none, status, same, end: ended.resolve };
}

test('the one that knows its names first goes on; the other one ends, and has its status', async () => {
  const taken = new TakenSources();
  const [first, second] = [begin(taken, 'first', 'v1'), begin(taken, 'second', 'v2')];
  second.one.know(['v1', 'v2']);
  assert.deepEqual([first.same, second.same], [['second'], []]);
  assert.deepEqual([first.one.signal.aborted, second.one.signal.aborted], [true, false]);
  first.end(130);
  second.end(0);
  assert.deepEqual(await Promise.all([first.status, second.status]), [0, 0]);
  const third = begin(taken, 'third', 'v1');
  assert.deepEqual([third.same, await third.status], [['second'], 0]);
});

test('what it knows late does not matter; another torrent stays another one', async () => {
  const taken = new TakenSources();
  const [one, other] = [begin(taken, 'one', 'v1'), begin(taken, 'other', 'x')];
  one.one.know(['v1', 'v2']);
  other.one.know(['x', 'y']);
  assert.deepEqual([one.same, other.same], [[], []]);
  one.end(0);
  other.end(4);
  assert.deepEqual(await Promise.all([one.status, other.status]), [0, 4]);
});

test('a source that gives back what it took gives back what it learned, and nothing that another one has', async () => {
  const taken = new TakenSources();
  const [loser, winner] = [taken.forOne(), taken.forOne()];
  const first = begin(loser, 'first', 'v1');
  const second = begin(winner, 'second', 'v2');
  second.one.know(['v1', 'v2']);
  loser.release();
  const third = begin(taken.forOne(), 'third', 'v1');
  assert.deepEqual([first.same, third.same], [['second'], ['second']]);
  winner.release();
  assert.deepEqual(begin(taken.forOne(), 'fourth', 'v1').same, []);
});
