/** The web seeds of one torrent (BEP 19), as the main thread sees them. They run in the one thread of a `WebSeedPool`. */
import type { PieceIndex, ShardId } from '../../shared/indices.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type { WebSeedNews } from '../../shared/web-seed-messages.ts';
import { redactedUrl } from '../text/foreign-text.ts';

export interface WebSeedsListener {
  onFull(pieces: readonly FullPiece[]): void;
  /** The web seed has none of the missing pieces. */
  onSeedLost(url: string, reason: string): void;
  /** A web seed failed and is asked again after `ms`. */
  onSeedWaits(url: string, reason: string, ms: number): void;
  /** No web seed has the file at this position in the task. Without a reason, one may have it after all. */
  onFileUnavailable(file: number, reason: string | null): void;
  /** No thread claims under this id any more, because it died or stopped: what it holds must be taken back. */
  onOwnerGone(owner: ShardId): void;
}

/** What one web seed sent. */
export interface WebSeedYield {
  /** Without secrets. */
  readonly url: string;
  readonly bytes: number;
  /** Why it has none of the missing data; null if it has some. */
  readonly lostTo: string | null;
}

/** What the pool does for the web seeds of a torrent. */
interface WebSeedsThread {
  convict(seed: number, piece: PieceIndex): void;
  networkBack(): void;
  /** Resolves when the thread has nothing of the torrent any more. */
  remove(): Promise<void>;
}

export class WebSeeds {
  readonly #listener: WebSeedsListener;
  readonly #thread: WebSeedsThread;
  readonly #yields: { readonly url: string; bytes: number; lostTo: string | null }[];
  /** Bytes that each sent and bytes that were wasted, in threads that have died. */
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

  /** True while one of them may still send something. */
  get hopeful(): boolean {
    return this.#alive && this.#yields.some(({ lostTo }) => lostTo === null);
  }

  /** True if one of them answered, but only that it is busy. */
  get busy(): boolean {
    return this.#busy && this.hopeful;
  }

  /** True if none of those that ever sent anything has a missing piece, and at least one said so. */
  get fruitless(): boolean {
    return (
      this.#yields.some(({ lostTo }) => lostTo !== null) &&
      this.#yields.every(({ bytes, lostTo }) => lostTo !== null || bytes === 0)
    );
  }

  get bytes(): number {
    return this.#yields.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Bytes that arrived twice or without a request, or were thrown away. */
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

  /** The network was down and is back. */
  networkBack(): void {
    this.#thread.networkBack();
  }

  /** Ends its requests. When this resolves, what they hold is given back. */
  async stop(): Promise<void> {
    this.#alive = false;
    await this.#thread.remove();
  }

  /** For the pool: the thread died, and another has started the same web seeds again. */
  replaced(error: unknown): void {
    this.#before = { bytes: this.#yields.map(({ bytes }) => bytes), wasted: this.#wastedBytes };
    for (const file of this.#lacking.keys()) this.#listener.onFileUnavailable(file, null);
    this.#lacking.clear();
    this.#busy = false;
    for (const seed of this.#yields) {
      seed.lostTo = null;
      if (this.#alive)
        this.#listener.onSeedWaits(seed.url, `its thread died and was replaced: ${String(error)}`, 0);
    }
  }

  /** For the pool: threads die again and again, so no new one starts. */
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
        this.#lacking.set(event.file, lacking);
        if (event.reason === null) lacking.delete(event.seed);
        else lacking.add(event.seed);
        if (this.#alive && (event.reason === null || lacking.size === this.#yields.length))
          this.#listener.onFileUnavailable(event.file, event.reason);
        return;
      }
      case 'removed':
        return;
    }
  }
}
