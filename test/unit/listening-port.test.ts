// The port for incoming peers over stand-ins for shards: each listens if threads can share a port, else one does and has all places.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListeningPort, type ListeningThreads } from '../../src/main/pools/listening-port.ts';

type Command = Parameters<ListeningThreads['send']>[1];

/** `canShare`: the system lets threads share a port. Else the first that asks has it, but not if it wants to share (`refuses`). */
function setUp(size: number, kind: 'canShare' | 'first' | 'refuses') {
  const sent: [number, Command][] = [];
  let isTaken = false;
  const port: ListeningPort = new ListeningPort({
    size,
    send: (position, command) => {
      sent.push([position, command]);
      if (command.type !== 'listen') return;
      const mayShare = command.shared && kind === 'canShare';
      const isRefused = (isTaken && !mayShare) || (command.shared && kind === 'refuses');
      isTaken ||= !isRefused;
      const answer = isRefused
        ? { port: null, error: command.shared ? 'ENOTSUP' : 'EADDRINUSE' }
        : { port: command.port === 0 ? 7_000 : command.port, error: null };
      queueMicrotask(() => port.heard(position, answer));
    },
    reserve: async (wanted) => (wanted === 0 ? 7_000 : wanted),
  });
  const counts = (): (readonly [number, number])[] =>
    sent.flatMap(([position, command]) =>
      command.type === 'listeners' ? [[position, command.count] as const] : [],
    );
  return { port, sent, counts };
}

test('every shard listens, and each takes its part', async () => {
  const { port, counts } = setUp(3, 'canShare');
  assert.equal(await port.open(0, null, true), 7_000);
  assert.equal(port.threads, 3);
  assert.deepEqual(counts(), [
    [0, 3],
    [1, 3],
    [2, 3],
  ]);
});

test('where threads cannot share a port the first one has it alone, with all places', async () => {
  const { port, counts } = setUp(3, 'first');
  assert.equal(await port.open(6_881, null, true), 6_881);
  assert.equal(port.threads, 1);
  assert.deepEqual(counts(), [[0, 1]]);
});

test('where sharing is refused altogether, and where there is one shard, one listens without it', async () => {
  for (const [size, kind] of [
    [3, 'refuses'],
    [1, 'canShare'],
  ] as const) {
    const { port, sent, counts } = setUp(size, kind);
    assert.equal(await port.open(6_881, null, true), 6_881);
    assert.deepEqual([port.threads, counts()], [1, []]);
    assert.deepEqual(sent.at(-1), [
      0,
      { type: 'listen', port: 6_881, host: null, shared: false, sharedUtp: false },
    ]);
  }
});

test('a thread that takes the place of a dead one listens at the same port, with its part', async () => {
  const { port, sent } = setUp(2, 'canShare');
  await port.open(0, null, true);
  sent.length = 0;
  port.replaced(1);
  assert.deepEqual(sent, [
    [1, { type: 'listen', port: 7_000, host: null, shared: true, sharedUtp: true }],
    [1, { type: 'listeners', count: 2 }],
  ]);
});
