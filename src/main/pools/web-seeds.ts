/** The web seeds of one torrent (BEP 19) as the main thread sees them. They live in the one thread of a `WebSeedPool`. */
import type { PieceIndex, ShardId } from '../../shared/indices.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type { WebSeedNews } from '../../shared/web-seed-messages.ts';
import { redactedUrl } from '../text/foreign-text.ts';

export interface WebSeedsListener {
  onFull(pieces: readonly FullPiece[]): void;
  /** A web seed has none of the pieces that are missing. */
  onSeedLost(url: string, reason: string): void;
  /** A web seed failed, and is asked again after `ms`. */
  onSeedWaits(url: string, reason: string, ms: number): void;
  /** No web seed has this file, by its position among those of the task. */
  onFileUnavailable(file: number, reason: string): void;
  /** Nothing claims under this name any more, by a death or in order: what it holds is to be taken back. */
  onOwnerGone(owner: ShardId): void;
}

/** What one web seed gave. */
export interface WebSeedYield {
  /** Fit to be shown. */
  readonly url: string;
  readonly bytes: number;
  /** Why it has nothing of what is missing; null where it has some. */
  readonly lostTo: string | null;
}

/** What the pool does for the web seeds of a torrent. */
interface WebSeedsThread {
  convict(seed: number, piece: PieceIndex): void;
  networkBack(): void;
  /** Resolves once the thread has nothing more of the torrent. */
  remove(): Promise<void>;
}

export class WebSeeds {
  readonly #listener: WebSeedsListener;
  readonly #thread: WebSeedsThread;
  readonly #yields: { readonly url: string; bytes: number; lostTo: string | null }[];
  /** Bytes that each gave, and that were wasted, in threads that died since. */
  #before: { readonly bytes: readonly number[]; readonly wasted: number };
  /** Which web seeds lack which file. */
  readonly #lacking = new Map<number, Set<number>>();
  #wastedBytes = 0;
  #busy = false;
  #alive = true;

  constructor(urls: readonly string[], listener: WebSeedsListener, thread: WebSeedsThread) {
    this.#listener = listener;
    this.#thread = thread;
    this.#yields = urls.map((url) => ({ url: redactedUrl(url), bytes: 0, lostTo: null }));
    this.#before = { bytes: urls.map(() => 0), wasted: 0 };
  }

  /** True while one of them may still give something. */
  get hopeful(): boolean {
    return this.#alive && this.#yields.some(({ lostTo }) => lostTo === null);
  }

  /** One of them is there, and said that it cannot answer yet. */
  get busy(): boolean {
    return this.#busy && this.hopeful;
  }

  /** None of those that ever gave anything has a piece that is missing, and some said so. */
  get fruitless(): boolean {
    return (
      this.#yields.some(({ lostTo }) => lostTo !== null) &&
      this.#yields.every(({ bytes, lostTo }) => lostTo !== null || bytes === 0)
    );
  }

  get bytes(): number {
    return this.#yields.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Received twice or unasked, or thrown away. */
  get wastedBytes(): number {
    return this.#wastedBytes;
  }

  get yields(): readonly WebSeedYield[] {
    return this.#yields;
  }

  /** The web seed sent a bad block of this piece. */
  convict(seed: number, piece: PieceIndex): void {
    if (this.#alive) this.#thread.convict(seed, piece);
  }

  /** The network was away, and is back. */
  networkBack(): void {
    this.#thread.networkBack();
  }

  /** Ends its requests. What they hold is given back when this resolves. */
  async stop(): Promise<void> {
    this.#alive = false;
    await this.#thread.remove();
  }

  /** For the pool: the thread died, and another has begun the same anew. */
  replaced(error: unknown): void {
    this.#before = { bytes: this.#yields.map(({ bytes }) => bytes), wasted: this.#wastedBytes };
    this.#lacking.clear();
    this.#busy = false;
    for (const seed of this.#yields) {
      seed.lostTo = null;
      if (this.#alive)
        this.#listener.onSeedWaits(seed.url, `its thread died and was replaced: ${String(error)}`, 0);
    }
  }

  /** For the pool: threads die again and again, and no other comes. */
  lost(error: unknown): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#listener.onSeedLost('all', `their thread died: ${String(error)}`);
  }

  /** For the pool: what the thread reports. */
  hear(event: WebSeedNews): void {
    switch (event.type) {
      case 'full':
        this.#listener.onFull(event.pieces);
        return;
      case 'fetched': {
        const seed = this.#yields[event.seed];
        if (seed !== undefined) seed.bytes = (this.#before.bytes[event.seed] ?? 0) + event.bytes;
        return;
      }
      case 'wasted':
        this.#wastedBytes = this.#before.wasted + event.bytes;
        return;
      case 'seed-lost': {
        const seed = this.#yields[event.seed];
        if (seed === undefined) return;
        seed.lostTo = event.reason;
        if (this.#alive && event.reason !== null) this.#listener.onSeedLost(seed.url, event.reason);
        return;
      }
      case 'seed-waits': {
        const seed = this.#yields[event.seed];
        this.#busy ||= event.answers;
        if (seed !== undefined && this.#alive) this.#listener.onSeedWaits(seed.url, event.reason, event.ms);
        return;
      }
      case 'file-lost': {
        const lacking = this.#lacking.get(event.file) ?? new Set();
        this.#lacking.set(event.file, lacking.add(event.seed));
        if (this.#alive && lacking.size === this.#yields.length)
          this.#listener.onFileUnavailable(event.file, event.reason);
        return;
      }
      case 'removed':
        return;
    }
  }
}
