/**
 * Storage threads with random work, by seed: torrents that come and go, full pieces, scans, disk faults and deaths. A failing
 * seed is printed; UNCHOKE_STORAGE=SEED runs it alone. UNCHOKE_STORAGES is the number of runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoragePool } from '../../src/main/pools/storage-pool.ts';
import type { StoredTorrent } from '../../src/main/pools/stored-torrent.ts';
import { dice } from '../support/dice.ts';
import { type FullTorrent, fullTorrent, torrentId } from '../support/stored-torrents.ts';
import { VirtualStorage } from '../support/virtual-storage.ts';

const SEEDS = Number(process.env['UNCHOKE_STORAGES'] ?? 25);
const STEPS = 60;
/** One more death ends all work. */
const MOST_DEATHS = 3;
const PIECE_BYTES = 16_384;

interface Known {
  readonly full: FullTorrent;
  readonly stored: StoredTorrent;
  readonly path: string;
  /** Pieces that were given to the threads, and those with a verdict. */
  given: number;
  readonly good: number[];
  faults: number;
  closed: Promise<void> | null;
}

class Run {
  /** What happened. */
  readonly seen = { deaths: 0, faults: 0, closedAtWork: 0 };
  readonly #roll: (below: number) => number;
  readonly #world = new VirtualStorage();
  readonly #pool: StoragePool;
  readonly #torrents: Known[] = [];
  readonly #scans: Promise<void>[] = [];

  constructor(seed: number) {
    this.#roll = dice(seed);
    const roll = this.#roll;
    this.#pool = new StoragePool({ threads: 1 + roll(3), openFiles: 1 + roll(4) }, this.#world);
    this.#world.cost = () => roll(20);
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      const until = this.#world.time + this.#roll(30);
      await this.#world.run(() => this.#world.time >= until);
    }
    const kept = this.#torrents.filter(({ closed }) => closed === null);
    await this.#world.run();
    for (const { stored } of kept) await stored.idle();
    for (const known of kept) assertStored(known, this.#world.disk.content(known.path));
    for (const known of kept) this.#close(known);
    await this.#world.run();
    await Promise.all([...this.#scans, ...this.#torrents.map(({ closed }) => closed)]);
    for (const { worker } of this.#world.threads)
      assert.deepEqual(worker.held, { torrents: 0, openFiles: 0 });
    await this.#pool.close();
    assert.equal(this.#world.waiting, 0);
  }

  #act(): void {
    const open = this.#torrents.filter(({ closed }) => closed === null);
    const known = open[this.#roll(Math.max(1, open.length))];
    const dice = this.#roll(10);
    if (known === undefined || dice === 0) this.#add();
    else if (dice === 1) {
      this.#store(known);
      this.#close(known);
    } else if (dice === 2) this.#kill();
    else if (dice === 3) this.#world.disk.fault = 'EIO';
    else if (dice < 6) this.#scans.push(this.#scan(known));
    else this.#store(known);
  }

  #store(known: Known): void {
    const count = this.#roll(6);
    known.stored.store(known.full.pieces.slice(known.given, known.given + count));
    known.given = Math.min(known.full.pieces.length, known.given + count);
  }

  #add(): void {
    const id = this.#torrents.length + 1;
    const path = `file${id}`;
    const full = fullTorrent(path, 1 + this.#roll(20), id, PIECE_BYTES);
    this.#world.disk.make(path, full.content.length);
    const stored = this.#pool.register(torrentId(id), full.setup);
    const known: Known = { full, stored, path, given: 0, good: [], faults: 0, closed: null };
    stored.listen(
      (result) => {
        assert.equal(known.closed, null, 'nothing is heard of a torrent that was closed');
        if (result.type === 'stored') known.good.push(...result.good.map(({ piece }) => piece));
        if (result.fault === null) return;
        known.faults += 1;
        this.seen.faults += 1;
      },
      (error) => assert.fail(String(error)),
    );
    this.#torrents.push(known);
  }

  #close(known: Known): void {
    if (known.stored.backlog > 0) this.seen.closedAtWork += 1;
    known.closed = known.stored.close().then(() => {
      const open = [...this.#world.disk.open.values()].filter((file) => file.endsWith(` ${known.path}`));
      assert.deepEqual(open, [], 'its files are closed when the caller hears of it');
    });
  }

  #kill(): void {
    const busy = this.#world.threads.filter(({ begun }) => begun !== null);
    if (this.seen.deaths === MOST_DEATHS || busy.length === 0) return;
    this.seen.deaths += 1;
    busy[this.#roll(busy.length)]?.die();
  }

  async #scan(known: Known): Promise<void> {
    let seen = 0;
    try {
      await known.stored.scan('check', (result) => {
        if (result.type !== 'checked') return;
        seen += result.good.length + result.bad.length + result.missing.length;
        for (const piece of result.good) assert.ok(known.good.includes(piece) || known.given > piece);
      });
      if (known.closed === null) assert.equal(seen, known.full.pieces.length);
    } catch (error) {
      assert.match(String(error), /EIO|I\/O|input\/output/i);
    }
  }
}

/** Each piece has one verdict, except those of a task with a fault. */
function assertStored({ full, good, given, faults }: Known, content: Buffer): void {
  assert.equal(new Set(good).size, good.length, 'a verdict comes once');
  if (faults === 0) assert.equal(good.length, given);
  for (const piece of good) {
    const at = piece * PIECE_BYTES;
    assert.ok(content.subarray(at, at + PIECE_BYTES).equals(full.content.subarray(at, at + PIECE_BYTES)));
  }
}

const only = process.env['UNCHOKE_STORAGE'];
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(only)];

test(`${seeds.length} random runs of storage threads: no verdict is lost or reported twice, and nothing is left behind`, async () => {
  const seen = { deaths: 0, faults: 0, closedAtWork: 0 };
  for (const seed of seeds) {
    const run = new Run(seed);
    try {
      await run.run();
    } catch (error) {
      throw new Error(`UNCHOKE_STORAGE=${seed}`, { cause: error });
    }
    for (const what of ['deaths', 'faults', 'closedAtWork'] as const) seen[what] += run.seen[what];
  }
  if (only === undefined)
    for (const [what, times] of Object.entries(seen))
      assert.ok(times >= seeds.length / 4, `${what}: ${times}`);
});
