/**
 * Runs all web seeds of one torrent: a few connections for each. Connections claim runs of pieces, fetch them, and take over runs
 * that are too slow elsewhere. Time and network come from outside.
 */

import { setMaxListeners } from 'node:events';
import { pieceFrom } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import {
  ENDGAME_SILENCE_MS,
  FRUITLESS_FILES,
  SLOW_OWNER_REST_MS,
  WEB_SEED_BACKOFF_MS,
  WEB_SEED_CONNECTIONS,
  WEB_SEED_IDLE_MS,
  WEB_SEED_RUN_S,
  WEB_SEED_TICK_MS,
} from '../../shared/limits.ts';
import { holdMs } from './back-off.ts';
import { Claims } from './claims.ts';
import type { FetcherSetup } from './fetcher-setup.ts';
import { JointPieces } from './joint-pieces.ts';
import { runPieces, shouldTakeOver } from './pace.ts';
import { ServerBusy } from './range-answer.ts';
import { SeedHopes } from './seed-hopes.ts';
import type { ServerUse } from './server-use.ts';
import type { SlotWriter } from './slot-writer.ts';
import { WaitingRuns } from './waiting-runs.ts';
import { type FetchOutcome, WebSeed } from './web-seed.ts';
import { Work } from './work.ts';

export class WebSeedFetcher {
  readonly #setup: FetcherSetup;
  readonly #seeds: readonly WebSeed[];
  readonly #claims: Claims;
  readonly #joint: JointPieces;
  readonly #hopes: SeedHopes;
  readonly #works = new Set<Work>();
  readonly #waiting = new WaitingRuns();
  readonly #uses: readonly ServerUse[];
  readonly #stopping = new AbortController();
  #wastedBytes = 0;

  constructor(setup: FetcherSetup) {
    this.#setup = setup;
    // Each waiting connection adds a listener.
    setMaxListeners(0, this.#stopping.signal);
    const { ledger, arena, owner, servers, visitor, post } = setup;
    const torrent = { ...setup, geometry: arena.geometry };
    this.#uses = servers.use(setup.urls);
    this.#seeds = setup.urls.map(
      (url, i) => new WebSeed(i, url, torrent, this.#uses[i] as ServerUse, visitor),
    );
    this.#joint = new JointPieces(this.#seeds);
    this.#hopes = new SeedHopes(this.#seeds, this.#joint, ledger, post);
    this.#claims = new Claims(
      {
        ledger,
        arena,
        shard: owner,
        onFull: (full, only) => {
          this.#seeds[only ?? -1]?.files.goodPiece(full.piece);
          if (only === null && this.#joint.isJoint(full.piece)) this.#joint.fetched(full.piece);
          post({ type: 'full', pieces: [full] });
          for (const seed of this.#seeds) this.#tellFetched(seed);
        },
        onWasted: (bytes) => {
          this.#wastedBytes += bytes;
        },
      },
      this.#joint,
      setup.maxSlots,
    );
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Ends all requests. `run` resolves after that. */
  stop(): void {
    this.#stopping.abort();
    for (const work of this.#works) work.abort();
  }

  /** The web seed sent a bad block of this piece. */
  convict(index: number, piece: PieceIndex): void {
    const now = this.#setup.clock();
    this.#hopes.badPiece(index, piece, now);
    this.#claims.refresh(now, true);
  }

  /**
   * Resolves after `stop`, when every connection has ended: then nothing writes into a slot, and all that can be given back is.
   * Rejects for a bug of ours, also only then: a connection that goes on could write into slots of other holders.
   */
  async run(): Promise<void> {
    const all = this.#seeds.length * WEB_SEED_CONNECTIONS;
    const connections = Array.from({ length: all }, (_, i) => {
      // Each connection starts in its own part of the torrent, so that they do not get in each other's way.
      const start = Math.floor((i / all) * this.#setup.ledger.pieceCount);
      return this.#connection(this.#seeds[Math.floor(i / WEB_SEED_CONNECTIONS)] as WebSeed, start);
    });
    const parts = [...connections, this.#ticks()];
    for (const part of parts) part.catch(() => this.stop());
    const ends = await Promise.allSettled(parts);
    for (const run of this.#claims.runs) run.settle();
    this.#setup.servers.leave(this.#uses, this.#setup.clock());
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #connection(seed: WebSeed, start: number): Promise<void> {
    const { clock, ledger } = this.#setup;
    let from = start;
    let restsUntil = 0;
    while (!this.#stopped) {
      const now = clock();
      this.#hopes.retryFiles(seed, now);
      const may = now >= restsUntil && seed.mayBegin(now, () => this.#claims.wants(seed, now));
      const run = may ? this.#next(seed, from, now) : null;
      if (run === null) {
        await this.#sleep(WEB_SEED_IDLE_MS);
        continue;
      }
      const restMs = await this.#perform(seed, run);
      restsUntil = clock() + restMs;
      from = pieceFrom(this.#setup.arena.geometry, run.end) % ledger.pieceCount;
    }
  }

  /** Ends early after `stop`. */
  #sleep(ms: number): Promise<void> {
    return this.#setup.sleep(ms, this.#stopping.signal);
  }

  /** The next run: one that was left over, a new one, one of a slow web seed, or one of a slow shard. */
  #next(seed: WebSeed, from: number, now: number): SlotWriter | null {
    return (
      this.#waiting.nextFor(seed) ??
      this.#claims.runFor(seed, seed.isStreaming ? 0 : from, this.#mostPieces(seed)) ??
      this.#takeOver(seed, now) ??
      this.#claims.joinFor(seed, now) ??
      this.#claims.jointFor(seed)
    );
  }

  #mostPieces({ rate }: WebSeed): number {
    const { ledger, arena } = this.#setup;
    const connections = this.#uses.length * WEB_SEED_CONNECTIONS;
    return runPieces(rate, arena.geometry.pieceLength, ledger.missingCount, connections);
  }

  /** An idle web seed takes a run from one that is too slow at it. */
  #takeOver(seed: WebSeed, now: number): SlotWriter | null {
    for (const work of this.#works) {
      const { run } = work;
      if (work.seed === seed || !work.isFetching || run.openCount === 0) continue;
      if (!shouldTakeOver(run.end - run.at, work.pace.rate(now), seed.rate)) continue;
      if (run.hasRules || !run.open.every((piece) => seed.files.canGive(piece))) continue;
      work.pace.saw(now, run.at);
      work.seed.rate = work.pace.finalRate(now);
      work.giveAway();
      run.handTo(seed.index);
      return run;
    }
    return null;
  }

  /** Fetches the run and what follows it. Resolves to how many milliseconds to wait afterwards. */
  async #perform(seed: WebSeed, run: SlotWriter): Promise<number> {
    const work = new Work(seed, run, this.#setup.clock, (at, end) => this.#more(work, at, end));
    this.#works.add(work);
    seed.server.begin();
    let waitMs = 0;
    let failures = 0;
    for (let goesOn = true; goesOn; ) {
      const at = work.begin();
      const outcome = await seed.fetch(work);
      if (!work.isFetching) break;
      this.#measure(work);
      const moved = work.run.at !== at;
      [goesOn, waitMs] = this.#after(work, outcome, moved);
      if (moved) failures = 0;
      if (!goesOn && outcome.kind === 'failed')
        goesOn = await this.#holds(work, ++failures, outcome.retryAfterMs);
    }
    work.givesNoMore();
    seed.server.end();
    this.#works.delete(work);
    if (work.isFetching) this.#letGo(work.run);
    this.#tellFetched(seed);
    return waitMs;
  }

  #tellFetched({ index, bytes }: WebSeed): void {
    this.#setup.post({ type: 'fetched', seed: index, bytes });
    if (this.#wastedBytes > 0) this.#setup.post({ type: 'wasted', bytes: this.#wastedBytes });
  }

  /** A server failed in the middle of a block, perhaps between two files. Keeps the run, or its bytes would be lost each time. */
  async #holds(work: Work, failures: number, retryAfterMs: number | null): Promise<boolean> {
    const waitMs = work.run.isInBlock ? holdMs(failures, retryAfterMs) : null;
    if (waitMs === null) return false;
    await this.#sleep(waitMs);
    return !this.#stopped && work.isFetching && !work.isOver;
  }

  /** Measures the rate of the web seed. A request that ended at once without a byte says nothing. */
  #measure({ seed, run, pace }: Work): void {
    const now = this.#setup.clock();
    pace.saw(now, run.at);
    if (pace.hasMoved || pace.silentMs(now) >= ENDGAME_SILENCE_MS) seed.rate = pace.finalRate(now);
  }

  /** Whether to continue the same run, and if not, how long to wait. */
  #after(work: Work, outcome: FetchOutcome, moved: boolean): [boolean, number] {
    const { seed, run, isOver } = work;
    const now = this.#setup.clock();
    switch (outcome.kind) {
      case 'done':
      case 'stopped':
        return [!this.#stopped && !isOver && !run.collect() && run.rewind(), 0];
      case 'left':
        return [false, 0];
      case 'file-lost':
        seed.files.lose(outcome.file, outcome.reason, now);
        this.#hopes.fileLost(seed, outcome.file);
        return [false, seed.bytes === 0 && seed.files.lost > FRUITLESS_FILES ? WEB_SEED_BACKOFF_MS : 0];
      case 'failed': {
        const busy = outcome.error instanceof ServerBusy ? outcome.error : null;
        // A server that closes the connection in the middle is asked for the rest: it does send data.
        if (moved && busy === null && !this.#stopped) return [true, 0];
        work.givesNoMore();
        const ms = seed.server.failed(now, busy);
        if (ms > 0) this.#hopes.waits(seed, outcome.error, ms);
        return [false, 0];
      }
    }
  }

  /** The next run in a file that is sent as a whole. Waits for a free slot; the server waits meanwhile. */
  async #more(work: Work, at: number, end: number): Promise<boolean> {
    const { seed } = work;
    const { geometry } = this.#setup.arena;
    const first = pieceFrom(geometry, at);
    const count = Math.max(0, pieceFrom(geometry, end) - first);
    work.pause();
    this.#letGo(work.run);
    while (!work.signal.aborted && this.#claims.isWanted(seed, first, count)) {
      const run = this.#claims.runFor(seed, first, this.#mostPieces(seed), count);
      if (run !== null) {
        work.goOn(run);
        return true;
      }
      await this.#sleep(WEB_SEED_IDLE_MS);
    }
    return false;
  }

  /** No connection fetches the run now. If others still work on its pieces, their slots are held until they are done. */
  #letGo(run: SlotWriter): void {
    // The next of several web seeds continues a joint run.
    if (run.joint ? run.collect() : run.settle()) this.#claims.settled(run);
    else this.#waiting.add(run, this.#setup.clock());
  }

  async #ticks(): Promise<void> {
    while (!this.#stopped) {
      await this.#sleep(WEB_SEED_TICK_MS);
      this.#tick(this.#setup.clock());
    }
  }

  #tick(now: number): void {
    this.#collect();
    this.#claims.refresh(now, false);
    for (const work of this.#works) if (work.isFetching) this.#watch(work, now);
    this.#waiting.expire(now, (run) => this.#forget(run));
    // Reported at each tick: bytes show that the network works, long before a large piece is complete.
    for (const seed of this.#seeds) if (!seed.server.isFree) this.#tellFetched(seed);
    this.#hopes.tell();
  }

  /** Shortens slow runs, and ends runs that are no longer useful. */
  #watch(work: Work, now: number): void {
    const { run, pace } = work;
    pace.saw(now, run.at);
    const rate = pace.rate(now);
    if (rate !== null) run.shorten(run.at + 2 * rate * WEB_SEED_RUN_S);
    if (run.openCount === 0 || run.isOvertaken) return work.abort();
    // A slow guest makes room for a better one. It may join again later.
    const isSlowGuest = run.role === 'guest' && work.ageMs(now) >= SLOW_OWNER_REST_MS;
    if (isSlowGuest || this.#claims.givesUp(work.seed, run, pace.blocklessMs(now))) work.endRun();
  }

  #collect(): void {
    for (const run of this.#claims.runs) if (run.collect()) this.#forget(run);
  }

  #forget(run: SlotWriter): void {
    this.#waiting.delete(run);
    this.#claims.settled(run);
  }
}
