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

  /** The same for one source, which gives back what it took when it ends. */
  forOne(): Pick<TakenSources, 'take'> & { release(): void } {
    const own: string[] = [];
    return {
      take: (what, owner) => {
        this.take(what, owner);
        own.push(what);
      },
      release: () => {
        for (const what of own) this.#owners.delete(what);
      },
    };
  }
}
