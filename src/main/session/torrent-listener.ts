/** The listeners of a running torrent. There may be any number, and each implements only the callbacks it needs. */
import type { TrackerNews } from '../discovery/announcer.ts';
import type { DiskCheckState } from './check-watch.ts';
import type { DownloadJob } from './download-job.ts';
import type { TorrentEvent } from './events.ts';

export interface TorrentListener {
  /** False: events are not needed now, so no progress has to be computed. */
  isListening(): boolean;
  onEvent(event: TorrentEvent): void;
  /** News for people that no event carries. */
  onNews(text: string): void;
  onTrackerNews(news: TrackerNews): void;
  /** Its files are known, and it has its memory and its place. */
  onJob(job: DownloadJob): void;
  /** Several times a second while peers are searched; `idleMs` without a verified piece. */
  onLook(idleMs: number): void;
  /** Several times a second while what is on disk is checked. */
  onCheckLook(check: DiskCheckState): void;
  /** It fails because peers or data are missing. The state at this moment shows why. */
  onFailing(): void;
}

export class TorrentListeners {
  readonly #all = new Set<Partial<TorrentListener>>();
  readonly #onFault: (error: unknown) => void;

  /** `onFault` gets what a listener throws. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  add(listener: Partial<TorrentListener>): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  /** True if some listener needs events now. */
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
