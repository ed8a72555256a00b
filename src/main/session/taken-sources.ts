/** What only one source of a command may use: two sources with one place would damage each other's data. */
import { Failure } from '../failure.ts';

interface Download {
  readonly owner: string;
  readonly status: Promise<number>;
  /** The other download is of the same torrent: this one ends, and has its status. */
  yieldTo(other: Download): void;
}

/** What a download says about itself, and hears. */
export interface OneDownload {
  /** All names of the torrent are known now. A download of the same torrent that does not know it yet ends, and counts as this one. */
  know(names: readonly string[]): void;
  /** Aborts when it turns out that another source downloads the same torrent. What it resolves to from then on does not count. */
  readonly signal: AbortSignal;
}

export interface Once {
  readonly download: (one: OneDownload) => Promise<number>;
  /** Gets the source whose download counts for this one as well. */
  onSame(other: string): void;
}

export class TakenSources {
  readonly #owners = new Map<string, string>();
  /** By each name of the torrent that is known so far. */
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
   * have the same status. A magnet link may have one of the two names of a hybrid (BEP 52), so that may turn out later.
   */
  once(names: readonly string[], owner: string, { download, onSame }: Once): Promise<number> {
    return this.#begin(names, owner, { download, onSame }).status;
  }

  #begin(names: readonly string[], owner: string, { download, onSame }: Once): Download {
    const other = names.map((name) => this.#downloads.get(name)).find((one) => one !== undefined);
    if (other !== undefined) {
      onSame(other.owner);
      return other;
    }
    let same: Download | null = null;
    const end = new AbortController();
    const know = (all: readonly string[]): void => {
      for (const name of all) {
        const one = this.#downloads.get(name);
        if (one !== undefined && one !== own) one.yieldTo(own);
      }
      this.#claim(all, own);
    };
    const own: Download = {
      owner,
      // Nothing is known in this turn.
      status: download({ know, signal: end.signal }).then(
        (status) => same?.status ?? status,
        (error: unknown) => same?.status ?? Promise.reject(error),
      ),
      yieldTo: (one) => {
        same = one;
        this.#claim(
          [...this.#downloads.keys()].filter((name) => this.#downloads.get(name) === own),
          one,
        );
        onSame(one.owner);
        end.abort();
      },
    };
    this.#claim(names, own);
    return own;
  }

  #claim(names: readonly string[], own: Download): void {
    for (const name of names) this.#downloads.set(name, own);
  }

  /** The same for one source, which gives back what it took when it ends. */
  forOne(): Pick<TakenSources, 'take' | 'once'> & { release(): void } {
    const own: string[] = [];
    const begun: Download[] = [];
    return {
      take: (what, owner) => {
        this.take(what, owner);
        own.push(what);
      },
      once: (names, owner, how) => {
        const isNew = !names.some((name) => this.#downloads.has(name));
        const one = this.#begin(names, owner, how);
        if (isNew) begun.push(one);
        return one.status;
      },
      release: () => {
        for (const what of own) this.#owners.delete(what);
        for (const [name, one] of this.#downloads) if (begun.includes(one)) this.#downloads.delete(name);
      },
    };
  }
}
