/** Gathers verdicts for the shards: one message for all of a turn. It is not delayed longer, because verdicts free slots. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { MainWorld } from '../main-world.ts';
import type { Race } from '../race/race.ts';

export class VerdictNews {
  readonly #soon: MainWorld['soon'];
  readonly #race: Race;
  #verified: PieceIndex[] = [];
  #withheld: PieceIndex[] = [];
  #isDue = false;
  #isOver = false;

  constructor({ soon }: Pick<MainWorld, 'soon'>, race: Race) {
    this.#soon = soon;
    this.#race = race;
  }

  /** `withheld`: verified pieces that are not in our files, because a file that is not ours is in their place. */
  add(verified: readonly PieceIndex[], withheld: Iterable<PieceIndex>): void {
    this.#verified.push(...verified);
    this.#withheld.push(...withheld);
  }

  /** At the end of this turn: what was added, and that slots may be free or pieces missing again. */
  tell(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#soon(() => {
      this.#isDue = false;
      if (!this.#isOver) this.tellNow();
    });
  }

  tellNow(): void {
    this.#race.tellVerdicts(this.#verified, this.#withheld);
    this.#verified = [];
    this.#withheld = [];
  }

  /** Nothing more is told. */
  end(): void {
    this.#isOver = true;
  }
}
