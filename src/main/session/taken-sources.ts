/** What only one source of a command may use: two sources with one torrent or one place would damage each other's data. */
import { Failure } from '../failure.ts';

export class TakenSources {
  readonly #owners = new Map<string, string>();

  /** `what` is the name for the user, `owner` the source that wants it. Throws a usage failure if another source has it. */
  take(what: string, owner: string): void {
    const before = this.#owners.get(what);
    if (before !== undefined)
      throw new Failure('usage', `${what}: already used by another source (${before})`);
    this.#owners.set(what, owner);
  }
}
