/** What only one source of a command may have: a torrent twice, or two that go to the same place, would spoil each other. */
import { Failure } from '../failure.ts';

export class TakenSources {
  readonly #owners = new Map<string, string>();

  /** `what` names it for people, `owner` is the source that wants it. Throws a usage failure where another one has it. */
  take(what: string, owner: string): void {
    const before = this.#owners.get(what);
    if (before !== undefined)
      throw new Failure('usage', `${what}: already used by another source (${before})`);
    this.#owners.set(what, owner);
  }
}
