/** What a torrent says while it runs. Any number may listen, each to what it wants. */
import type { TrackerNews } from '../discovery/announcer.ts';
import type { DownloadJob } from './download-job.ts';
import type { TorrentEvent } from './events.ts';

export interface TorrentListener {
  /** Where this is false events are not heard now: progress need not be made up. */
  isListening(): boolean;
  onEvent(event: TorrentEvent): void;
  /** What no event says: for people. */
  onNews(text: string): void;
  onTrackerNews(news: TrackerNews): void;
  /** Its files are known, and it has memory and the place for them. */
  onJob(job: DownloadJob): void;
  /** Several times a second while peers are looked for; `idleMs` without a verified piece. */
  onLook(idleMs: number): void;
  /** It fails for want of peers or data: how it looks at this moment is why. */
  onFailing(): void;
}

export class TorrentListeners {
  readonly #all = new Set<Partial<TorrentListener>>();
  readonly #onFault: (error: unknown) => void;

  /** `onFault` hears what a listener throws. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  add(listener: Partial<TorrentListener>): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  /** Some listener takes events at the moment. */
  get areListening(): boolean {
    for (const { onEvent, isListening } of this.#all)
      if (onEvent !== undefined && isListening?.() !== false) return true;
    return false;
  }

  tell(say: (listener: Partial<TorrentListener>) => void): void {
    for (const listener of this.#all) {
      try {
        say(listener);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
