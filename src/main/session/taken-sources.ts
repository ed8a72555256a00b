/** What only one source of a command may use: two sources with one place would damage each other's data. */
import { Failure } from '../failure.ts';

interface Download {
  readonly owner: string;
  readonly status: Promise<number>;
}

export class TakenSources {
  readonly #owners = new Map<string, string>();
  /** By each name of the torrent. */
  readonly #downloads = new Map<string, Download>();

  /** `what` is the name for the user, `owner` the source that wants it. Throws a usage failure if another source has it. */
  take(what: string, owner: string): void {
    const before = this.#owners.get(what);
    if (before !== undefined)
      throw new Failure('usage', `${what}: already used by another source (${before})`);
    this.#owners.set(what, owner);
  }

  /**
   * Downloads a torrent with these names; resolves to the exit status. Where another source downloads one of the same name, both
   * have the same status, and `onSame` gets that source.
   */
  once(
    names: readonly string[],
    owner: string,
    { download, onSame }: { readonly download: () => Promise<number>; onSame(other: string): void },
  ): Promise<number> {
    const other = names.map((name) => this.#downloads.get(name)).find((one) => one !== undefined);
    if (other === undefined) {
      const status = download();
      for (const name of names) this.#downloads.set(name, { owner, status });
      return status;
    }
    onSame(other.owner);
    return other.status;
  }

  /** The same for one source, which gives back what it took when it ends. */
  forOne(): Pick<TakenSources, 'take' | 'once'> & { release(): void } {
    const own: string[] = [];
    const torrents: string[] = [];
    return {
      take: (what, owner) => {
        this.take(what, owner);
        own.push(what);
      },
      once: (names, owner, how) => {
        if (!names.some((name) => this.#downloads.has(name))) torrents.push(...names);
        return this.once(names, owner, how);
      },
      release: () => {
        for (const what of own) this.#owners.delete(what);
        for (const torrent of torrents) this.#downloads.delete(torrent);
      },
    };
  }
}
