/** The moment when the last piece is verified: what the disk says then still decides whether the download is complete. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../../src/main/failure.ts';
import { DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import { contentOf } from '../simulate/sim-content.ts';
import { honest } from '../support/personas.ts';
import { systemError } from '../support/virtual-files.ts';
import { aloneMachine } from '../support/virtual-machine.ts';
import { truthKey } from '../support/virtual-storage-threads.ts';

const PIECE = 32_768;
const BYTES = 4 * PIECE;
const IDLE_MS = 6_000;

/** A download from one seed, at a time when all pieces are verified and a flush of some of them is under way. */
async function verified() {
  const machine = aloneMachine();
  const { loop, net, current } = machine;
  const content = contentOf(
    { offset: 0, pieceLength: PIECE, files: [PIECE, BYTES - PIECE], private: false },
    't',
    [],
    [],
  );
  const { metainfo, bytes } = content;
  machine.truths.set(truthKey(metainfo.pieceHashes), (piece, length) => bytes(piece, 0, length));
  net.add('11.0.0.1', 1, honest(PIECE / 2, 1, content));
  const { slow } = current.files;
  const flush = slow.fdatasync;
  const waiting: (() => void)[] = [];
  let error: Error | null = null;
  Object.assign(slow, {
    fdatasync: async (descriptor: number) => {
      if (error === null) await new Promise<void>((resolve) => waiting.push(resolve));
      if (error !== null) throw error;
      await flush(descriptor);
    },
  });
  const torrent = new SessionTorrent(
    { kind: 'torrent', metainfo },
    {
      ...DEFAULT_TORRENT,
      ...{ output: '/out', peers: [{ host: '11.0.0.1', port: 1 }], idleTimeout: IDLE_MS },
    },
    current.session,
  );
  let failure: Failure | null = null;
  torrent.completed.catch((reason: Failure) => {
    failure = reason;
  });
  torrent.begin();
  await loop.run(60_000, () => torrent.stats.bytes === BYTES);
  assert.deepEqual([torrent.stats.bytes, waiting.length], [BYTES, 1], 'a flush is under way');
  return {
    ...{ machine, torrent, current },
    forMs: (ms: number): Promise<void> => loop.run(loop.time.now() + ms),
    failure: () => failure,
    hasJournal: () => machine.disk.find('/out/t.unchoke') !== null,
    /** The flush, and those after it, end so. */
    flushed: (how: Error | null): void => {
      error = how;
      Object.assign(slow, how === null ? { fdatasync: flush } : {});
      for (const go of waiting.splice(0)) go();
    },
  };
}

test('a flush that is under way is waited for, however long: with its end the download is complete', async () => {
  const { torrent, forMs, flushed, failure, hasJournal } = await verified();
  await forMs(3 * IDLE_MS);
  assert.deepEqual([torrent.state, failure()], ['downloading', null]);
  flushed(null);
  await forMs(2_000);
  assert.deepEqual([torrent.state, failure(), hasJournal()], ['complete', null, false]);
});

test('a flush under way that fails after the last piece ends the download with an error of the disk', async () => {
  const { torrent, forMs, flushed, failure, hasJournal } = await verified();
  flushed(systemError('EIO'));
  await forMs(2_000);
  assert.deepEqual([torrent.state, failure()?.code, hasJournal()], ['failed', 'disk', true]);
  assert.match(failure()?.message ?? '', /the disk reported an error \(EIO\)/);
});

test('a run that ends while a flush is waited for is not complete, and keeps its journal', async () => {
  const { torrent, forMs, flushed, failure, hasJournal } = await verified();
  const removed = torrent.remove();
  flushed(null);
  await forMs(2_000);
  await removed;
  assert.deepEqual([torrent.state, failure()?.code, hasJournal()], ['removed', 'interrupted', true]);
});

test('a completion that fails keeps the journal, so that the other files need not be hashed again', async () => {
  const { torrent, current, forMs, flushed, failure, hasJournal, machine } = await verified();
  const [first = ''] = [...(machine.disk.find('/out/t')?.entries.keys() ?? [])];
  current.files.unlink(`/out/t/${first}`);
  flushed(null);
  await forMs(2_000);
  assert.deepEqual([torrent.state, hasJournal()], ['failed', true]);
  assert.match(failure()?.message ?? '', /was removed during the download/);
});

test('a disk that says only when a file is closed that it is full: the download is not complete', async () => {
  const { torrent, forMs, flushed, failure, hasJournal, machine } = await verified();
  machine.disk.plan({ operation: 'close', code: 'ENOSPC', writes: 0 });
  await forMs(100);
  assert.equal(machine.disk.fired, 1, 'before the end is told');
  flushed(null);
  await forMs(2_000);
  assert.deepEqual(
    [torrent.state, failure()?.code, hasJournal(), machine.bugs],
    ['failed', 'disk', true, []],
  );
  assert.match(failure()?.message ?? '', /no space left on the disk \(ENOSPC\)/);
});
