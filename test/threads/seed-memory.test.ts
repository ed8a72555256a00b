/** A torrent that is complete and seeds has given its memory for pieces back: another one may have it, and nothing of it is left on main. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../../src/main/index.ts';
import { collectGarbage } from '../../src/shared/collect-garbage.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const MIB = 2 ** 20;

/** The shared memory of this thread, from so many bytes on, that is made while `work` runs. */
async function watched(
  bytes: number,
  work: (made: readonly WeakRef<SharedArrayBuffer>[]) => Promise<void>,
): Promise<void> {
  const real = globalThis.SharedArrayBuffer;
  const made: WeakRef<SharedArrayBuffer>[] = [];
  globalThis.SharedArrayBuffer = new Proxy(real, {
    construct(target, given) {
      const one = Reflect.construct(target, given) as SharedArrayBuffer;
      if (one.byteLength >= bytes) made.push(new WeakRef(one));
      return one;
    },
  });
  try {
    await work(made);
  } finally {
    globalThis.SharedArrayBuffer = real;
  }
}

test('a seed holds no slots', { timeout: 60_000 }, () =>
  watched(4 * MIB, async (made) => {
    const torrent = madeTorrent([{ path: 'a', bytes: Buffer.alloc(8 * MIB, 3) }], MIB, 'seed memory');
    const seed = await torrentSeed(torrent, '127.0.0.24', {});
    const [host = '', port = ''] = seed.address.split(':');
    const off = { dht: false, lsd: false, utp: false, trackers: false } as const;
    const session = new Session({ ...off, shards: 1, hashers: 1, output: temporaryFolder() });
    try {
      const peers = [{ host, port: Number(port) }];
      const one = await session.add(torrent.torrent, { peers, seed: { ratio: null, time: null } });
      await one.completed;
      assert.equal(one.state, 'seeding');
      assert.ok(made.length > 0, 'it had slots');
      const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      while (made.some((ref) => ref.deref() !== undefined)) {
        // What was looked at stays until the end of the turn.
        await turn();
        collectGarbage();
        await turn();
      }
    } finally {
      await session.close();
      await seed.close();
    }
  }),
);
