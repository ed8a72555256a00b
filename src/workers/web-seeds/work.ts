/** One connection of a web seed at work on a run. */
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
  #gave = false;
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

  /** Bytes came. */
  get gave(): boolean {
    return this.#gave;
  }

  /** Its run is its own: neither let go, nor in another's hands. */
  get isFetching(): boolean {
    return this.#state === 'fetching';
  }

  /** The run is not gone on with. */
  get isOver(): boolean {
    return this.#isOver;
  }

  ageMs(now: number): number {
    return now - this.#begun;
  }

  onBytes(): void {
    if (this.#gave) return;
    this.#gave = true;
    this.seed.server.gives();
  }

  /** One more try at what the run lacks. Returns where it begins. */
  begin(): number {
    this.#abort = new AbortController();
    this.#pace = new Pace(this.#clock(), this.#run.at);
    return this.#run.at;
  }

  /** The run was let go; the answer may go on into another. */
  pause(): void {
    this.#state = 'between';
  }

  /** The answer goes on into the next run. */
  goOn(run: SlotWriter): void {
    this.#state = 'fetching';
    this.#run = run;
    this.#pace = new Pace(this.#clock(), run.at);
  }

  /** Ends the request under way. */
  abort(): void {
    this.#abort.abort();
  }

  endRun(): void {
    this.#isOver = true;
    this.abort();
  }

  /** Another web seed has the run. */
  giveAway(): void {
    this.#state = 'given-away';
    this.abort();
  }
}
