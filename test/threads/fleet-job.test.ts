/** A job of a fleet with a link of a hybrid, on real threads: what happens when its peers tell the other info hash. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { NEW_STATE } from '../../src/main/fleet/fleet-job.ts';
import type { HeldJob } from '../../src/main/fleet/fleet-queue.ts';
import { JobRun } from '../../src/main/fleet/job-run.ts';
import { Session } from '../../src/main/session/session.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { keysOf } from '../../src/main/torrent/source.ts';
import { deferred } from '../../src/shared/deferred.ts';
import { temporaryFolder } from '../support/cli.ts';
import { givingMetadata } from '../support/giving-metadata.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { madeVersion } from '../support/made-versions.ts';
import { wirePeer } from '../support/wire-peer.ts';

checkLeaksAtEnd();
const PIECE = 16_384;
const { torrent } = madeVersion([{ name: 'a', bytes: Buffer.alloc(3 * PIECE, 7) }], PIECE, 'hybrid');
const metainfo = parseMetainfo(torrent, 'made');
const [V1 = '', V2 = ''] = keysOf({ kind: 'torrent', metainfo });
const REQUEST = 6;

interface Setting {
  /** The job does the torrent, as far as the queue has said. */
  readonly run: JobRun;
  readonly output: string;
  /** What the queue was told, in order. */
  readonly told: string[];
  /** Resolves to the hashes when the queue is asked which job does the torrent. */
  asked(): Promise<readonly string[]>;
  answer(owner: string): void;
  /** Resolves when a block is requested. */
  readonly requested: Promise<void>;
  /** Blocks that were requested. */
  requests(): number;
}

/** `link`: the hash in the link. */
async function withJob(link: string, work: (setting: Setting) => Promise<void>): Promise<void> {
  const output = temporaryFolder();
  const requested = deferred<void>();
  let requests = 0;
  const giving = givingMetadata(Buffer.from(metainfo.info), '111');
  const peer = await wirePeer({
    ...giving,
    says: Buffer.concat([giving.says ?? Buffer.alloc(0), Buffer.from([0, 0, 0, 1, 1])]),
    hears: (id, payload, socket) => {
      giving.hears?.(id, payload, socket);
      if (id !== REQUEST) return;
      requests += 1;
      requested.resolve();
    },
  });
  const [host = '', port] = peer.address.split(':');
  const off = { dht: false, lsd: false, utp: false, port: null };
  const session = new Session(
    { ...DEFAULT_SESSION, ...off, shards: 1, hashers: 1 },
    { downloads: true, torrents: 1 },
  );
  const told: string[] = [];
  const asked = deferred<readonly string[]>();
  const answered = deferred<string>();
  const done = async (what: string): Promise<void> => void told.push(what);
  const job: HeldJob = {
    id: link,
    data: {
      ...{ v: 1, ids: [link], name: 'a link', select: [], trackers: [] },
      source: { kind: 'magnet', link: `magnet:?xt=urn:${link === V1 ? 'btih:' : 'btmh:1220'}${link}` },
    },
    ...{ state: NEW_STATE, attempt: 1, failed: 0, wishes: { attempts: 1, backoffMs: 1 } },
    renew: async () => true,
    claim: async (ids) => {
      if (ids.length === 1) return link;
      asked.resolve(ids);
      return answered.promise;
    },
    report: async () => {},
    complete: () => done('complete'),
    leave: () => done('left'),
    fail: ({ message }) => done(message),
    putBack: () => done('put back'),
  };
  const run = new JobRun({
    ...{ job, session, queueName: 'test', lockMs: 30_000, onNews: () => {} },
    torrent: { ...DEFAULT_TORRENT, output, peers: [{ host, port: Number(port) }] },
    place: () => ({ machine: 'here', affinityMs: 0, now: Date.now() }),
    signal: new AbortController().signal,
  });
  try {
    await work({
      ...{ run, output, told, requested: requested.promise, requests: () => requests },
      asked: () => asked.promise,
      answer: (owner) => answered.resolve(owner),
    });
  } finally {
    await session.close();
    await peer.close();
  }
}

for (const link of [V1, V2]) {
  const version = link === V1 ? 1 : 2;

  test(`a link with the hash of version ${version}: where another job has the torrent, nothing is fetched or written`, () =>
    withJob(link, async ({ run, output, told, asked, answer, requests }) => {
      const ended = run.run();
      assert.deepEqual(await asked(), [V1, V2], 'the fault fired: the other hash is known');
      answer('another job');
      assert.equal(await ended, 'same');
      assert.equal(run.sameAs, 'another job');
      assert.deepEqual(told, ['left']);
      assert.equal(requests(), 0);
      assert.deepEqual(readdirSync(output), []);
    }));

  test(`a link with the hash of version ${version}: nothing happens before the queue has answered`, () =>
    withJob(link, async ({ run, output, told, asked, answer, requested, requests }) => {
      const ended = run.run();
      await asked();
      assert.deepEqual([requests(), readdirSync(output)], [0, []]);
      answer(link);
      await requested;
      assert.ok(readdirSync(output).length > 0);
      run.handOver();
      assert.equal(await ended, 'handed-over');
      assert.equal(run.sameAs, null);
      assert.deepEqual(told, ['put back']);
    }));
}

test('a job that is handed over while the queue is asked goes back', () =>
  withJob(V1, async ({ run, output, told, asked, answer }) => {
    const ended = run.run();
    await asked();
    run.handOver();
    assert.equal(await ended, 'handed-over');
    answer(V1);
    assert.deepEqual(told, ['put back']);
    assert.deepEqual(readdirSync(output), []);
  }));
