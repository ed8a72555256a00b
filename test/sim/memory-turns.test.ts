/** Torrents of a session that have memory for only one of them: one that gets no data must not keep it from the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { getCommand } from '../../src/main/cli/commands/get.ts';
import { Console } from '../../src/main/cli/output/console.ts';
import type { RunEvent } from '../../src/main/cli/output/run-events.ts';
import { aloneContext } from '../../src/main/cli/runs/get-context.ts';
import { GetRun } from '../../src/main/cli/runs/get-run.ts';
import { type GetSettings, getSettings } from '../../src/main/cli/settings-from-flags.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT, type TorrentSettings } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { STALLED_TORRENT_MS } from '../../src/shared/limits.ts';
import { contentOf, type SimContent } from '../simulate/sim-content.ts';
import { honest, personaOf } from '../support/personas.ts';
import { VirtualMachine } from '../support/virtual-machine.ts';
import { truthKey } from '../support/virtual-storage-threads.ts';

const PIECE = 32_768;
const RATE = 65_536;
/** Looks become rare, up to 5 s; each torrent is dialled and checked again. */
const SLACK_MS = 10_000;

/** With memory for two pieces. `torrents`: how many download at one time; 0 if unknown. */
function machineOf(torrents: number): VirtualMachine {
  return new VirtualMachine({
    settings: {
      ...DEFAULT_SESSION,
      ...{ shards: 1, hashers: 1, port: null, dht: false, lsd: false, utp: false, memory: 2 * PIECE },
    },
    use: { downloads: true, torrents },
    seed: 1,
  });
}

/** A torrent, and the host of its only peer. */
function madeFor(machine: VirtualMachine, name: string, i: number): { content: SimContent; host: string } {
  const content = contentOf(
    { offset: i * 131_072, pieceLength: PIECE, files: [4 * PIECE], private: false },
    ...[name, [], []],
  );
  const { metainfo, bytes } = content;
  machine.truths.set(truthKey(metainfo.pieceHashes), (piece, length) => bytes(piece, 0, length));
  return { content, host: `11.0.0.${i + 1}` };
}

/** Memory for two pieces, and one torrent for each name. */
function session(
  names: readonly string[],
  settings: Partial<TorrentSettings> = {},
  others: readonly HostPort[] = [],
) {
  const machine = machineOf(0);
  const { loop, net } = machine;
  const torrents = names.map((name, i) => {
    const { content, host } = madeFor(machine, name, i);
    const { metainfo } = content;
    const torrent = new SessionTorrent(
      { kind: 'torrent', metainfo },
      {
        ...DEFAULT_TORRENT,
        ...{ output: '/out', peers: [{ host, port: 1 }, ...others], firstUnchokeTimeout: 0, ...settings },
      },
      machine.current.session,
    );
    torrent.completed.catch(() => {});
    torrent.begin();
    return { torrent, host, content };
  });
  const seed = ({ host, content }: { host: string; content: SimContent }): void =>
    void net.add(host, 1, honest(RATE, 1, content));
  const at = async (ms: number): Promise<string[]> => {
    await loop.run(ms);
    return torrents.map(({ torrent }) => torrent.state);
  };
  const close = async (): Promise<void> => {
    let isClosed = false;
    void Promise.all(torrents.map(({ torrent }) => torrent.remove()))
      .then(() => machine.current.session.close())
      .then(() => {
        isClosed = true;
      });
    await loop.run(loop.time.now() + 20_000, () => isClosed);
    await loop.run(loop.time.now() + 10);
    assert.deepEqual([machine.left, machine.bugs], [[], []]);
  };
  return { machine, torrents, seed, at, close, loop };
}

test('a torrent without data gives its memory to one that waits, and goes on when there is some again', async () => {
  const { torrents, seed, at, close } = session(['dead', 'alive']);
  const [dead, alive] = torrents as [(typeof torrents)[0], (typeof torrents)[0]];
  seed(alive);
  assert.deepEqual(await at(STALLED_TORRENT_MS - 1_000), ['downloading', 'queued']);
  assert.deepEqual(await at(STALLED_TORRENT_MS + SLACK_MS), ['downloading', 'complete']);
  seed(dead);
  assert.deepEqual(await at(4 * STALLED_TORRENT_MS), ['complete', 'complete']);
  await close();
});

/** Of the command line. */
async function defaults(): Promise<GetSettings> {
  let settings: GetSettings | null = null;
  const program = new Command();
  getCommand(program, async (_, flags) => {
    settings = getSettings(flags);
  });
  await program.parseAsync(['get', 'x.torrent'], { from: 'user' });
  return settings ?? assert.fail();
}

test('get of several: one without data gives its memory to the other, and completes later', async () => {
  const machine = machineOf(2);
  const { loop, net } = machine;
  const console = new Console({ json: false, quiet: true });
  const events: RunEvent[] = [];
  console.event = (event) => void events.push(event);
  const context = aloneContext(console, machine.current.session, new AbortController().signal);
  const statuses: (number | null)[] = [null, null];
  const made = ['dead', 'alive'].map((name, i) => madeFor(machine, name, i));
  for (const [i, { content, host }] of made.entries()) {
    const peers = [{ host, port: 1 }];
    const torrent = { ...DEFAULT_TORRENT, output: '/out', peers, firstUnchokeTimeout: 0 };
    const run = new GetRun(
      { kind: 'torrent', metainfo: content.metainfo },
      { ...(await defaults()), torrent },
      context,
      { signal: new AbortController().signal, onKnown: () => {} },
    );
    void run.run().then((status) => {
      statuses[i] = status;
    });
  }
  const seed = ({ host, content }: { host: string; content: SimContent }): void =>
    void net.add(host, 1, honest(RATE, 1, content));
  const [dead, alive] = made as [(typeof made)[0], (typeof made)[0]];
  seed(alive);
  await loop.run(STALLED_TORRENT_MS - 1_000);
  assert.deepEqual(statuses, [null, null]);
  await loop.run(STALLED_TORRENT_MS + SLACK_MS);
  assert.deepEqual(statuses, [null, 0]);
  seed(dead);
  await loop.run(4 * STALLED_TORRENT_MS);
  assert.deepEqual(statuses, [0, 0]);
  const times = events.flatMap((event) =>
    (event.type === 'summary' || event.type === 'complete') && 'ms' in event ? [event.ms] : [],
  );
  assert.equal(times.length, 4);
  assert.ok(
    times.slice(2).every((ms) => ms > STALLED_TORRENT_MS),
    `${times}: the time of both runs of the last one counts`,
  );
  void machine.current.session.close();
  await loop.run(loop.time.now() + 20_000);
  assert.deepEqual([machine.left, machine.bugs], [[], []]);
});

test('torrents without data take turns; none of them keeps a later one from its turn, and each gives up in time', async () => {
  const { torrents, seed, at, close } = session(['one', 'two', 'three'], { idleTimeout: 300_000 });
  seed(torrents[2] as (typeof torrents)[0]);
  const states = await at(3 * (STALLED_TORRENT_MS + SLACK_MS));
  assert.equal(states[2], 'complete');
  // What they waited for in earlier turns counts: 300 s each, in turns.
  assert.deepEqual(await at(900_000), ['failed', 'failed', 'complete']);
  await close();
});

test('a peer that sends only bad data does not hold the memory', async () => {
  const { machine, torrents, seed, at, close } = session(['lied to', 'alive']);
  const [lied, alive] = torrents as [(typeof torrents)[0], (typeof torrents)[0]];
  const liars = Array.from({ length: 40 }, (_, i) => `11.1.0.${i}`);
  for (const host of liars) machine.net.add(host, 1, personaOf('liar', () => 0, 4, lied.content).script);
  seed(alive);
  assert.deepEqual(await at(STALLED_TORRENT_MS + 2 * SLACK_MS), ['downloading', 'complete']);
  await close();
});

test('a paused torrent waits for no memory, also where it had just yielded', async () => {
  const { torrents, at, close, loop } = session(['one', 'two']);
  const [one] = torrents as [(typeof torrents)[0]];
  assert.deepEqual(await at(STALLED_TORRENT_MS + SLACK_MS), ['queued', 'downloading']);
  let isPaused = false;
  void one.torrent.pause().then(() => {
    isPaused = true;
  });
  await loop.run(loop.time.now() + 5_000, () => isPaused);
  assert.deepEqual(await at(3 * STALLED_TORRENT_MS), ['paused', 'downloading']);
  await close();
});

test('a seed that is paused and resumed has given what it gave before, and for as long', async () => {
  const machine = machineOf(0);
  const { loop, current } = machine;
  const { content, host } = madeFor(machine, 'given', 0);
  machine.net.add(host, 1, honest(RATE, 1, content));
  const torrent = new SessionTorrent(
    { kind: 'torrent', metainfo: content.metainfo },
    {
      ...DEFAULT_TORRENT,
      ...{ output: '/out', peers: [{ host, port: 1 }], seed: { ratio: null, time: 100_000 } },
    },
    current.session,
  );
  const given: number[] = [];
  torrent.on((event) => {
    if (event.type === 'seeded') given.push(event.ms);
  });
  const during = async (work: Promise<void>): Promise<void> => {
    let isOver = false;
    void work.then(() => {
      isOver = true;
    });
    await loop.run(loop.time.now() + 20_000, () => isOver);
  };
  torrent.begin();
  await loop.run(30_000, () => torrent.state === 'seeding');
  await loop.run(loop.time.now() + 60_000);
  await during(torrent.pause());
  assert.deepEqual([torrent.state, torrent.stats.downloaded], ['paused', 4 * PIECE]);
  await during(torrent.resume());
  const resumed = loop.time.now();
  await loop.run(resumed + 90_000, () => torrent.state === 'complete');
  const more = loop.time.now() - resumed;
  assert.ok(more > 30_000 && more < 60_000, `${more} ms more`);
  assert.deepEqual(
    given.map((ms) => Math.round(ms / 10_000)),
    [6, 10],
  );
  assert.equal(torrent.stats.downloaded, 4 * PIECE);
  await during(current.session.close());
});
