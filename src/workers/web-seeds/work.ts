/** One connection of a web seed with its current run. */
import type { Clock } from '../../shared/clock.ts';
import { Pace } from './pace.ts';
import type { SlotWriter } from './slot-writer.ts';
import type { SeedWork, WebSeed } from './web-seed.ts';

export class Work implements SeedWork {
  readonly seed: WebSeed;
  readonly more: (at: number, end: number) => Promise<boolean>;
  readonly #clock: Clock;
  readonly #begun: number;
  #run: SlotWriter;
  #pace: Pace;
  #abort = new AbortController();
  #gives = false;
  #isOver = false;
  #state: 'fetching' | 'between' | 'given-away' = 'fetching';

  constructor(
    seed: WebSeed,
    run: SlotWriter,
    clock: Clock,
    more: (at: number, end: number) => Promise<boolean>,
  ) {
    this.seed = seed;
    this.more = more;
    this.#run = run;
    this.#clock = clock;
    this.#begun = clock();
    this.#pace = new Pace(this.#begun, run.at);
  }

  get run(): SlotWriter {
    return this.#run;
  }

  get pace(): Pace {
    return this.#pace;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** True if this connection has a run: it was neither let go nor given to another. */
  get isFetching(): boolean {
    return this.#state === 'fetching';
  }

  /** True if the run will not be continued. */
  get isOver(): boolean {
    return this.#isOver;
  }

  ageMs(now: number): number {
    return now - this.#begun;
  }

  onBytes(): void {
    if (this.#gives) return;
    this.#gives = true;
    this.seed.server.gives();
  }

  /** The request has failed or ended: what it gave before does not make its failure the wish for fewer connections. */
  givesNoMore(): void {
    if (!this.#gives) return;
    this.#gives = false;
    this.seed.server.givesNoMore();
  }

  /** One more try for the missing part of the run. Returns its position. */
  begin(): number {
    this.#abort = new AbortController();
    this.#pace = new Pace(this.#clock(), this.#run.at);
    return this.#run.at;
  }

  /** The run was let go. The answer may continue into another run. */
  pause(): void {
    this.#state = 'between';
  }

  /** The answer continues into the next run. */
  goOn(run: SlotWriter): void {
    this.#state = 'fetching';
    this.#run = run;
    this.#pace = new Pace(this.#clock(), run.at);
  }

  /** Ends the request in progress. */
  abort(): void {
    this.#abort.abort();
  }

  endRun(): void {
    this.#isOver = true;
    this.abort();
  }

  /** Another web seed takes the run. */
  giveAway(): void {
    this.#state = 'given-away';
    this.abort();
  }
}
