/** Gives a complete torrent to peers: tells how much, several times a second, and ends when the user's goals are reached. */
import { RateMeter } from '../download/rate-meter.ts';
import type { SeedProgress } from './events.ts';
import type { LookedAt } from './live-looks.ts';
import { NO_RUN, type RunSums } from './run-sums.ts';
import type { SeedGoals } from './settings.ts';
import type { TorrentListeners } from './torrent-listener.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export interface SeedingOptions {
  readonly swarm: TorrentSwarm;
  /** Null: it is given only until `mayEnd`. */
  readonly goals: SeedGoals | null;
  /** Others need it no longer, whatever the goals are. */
  readonly mayEnd?: () => boolean;
  readonly listeners: TorrentListeners;
  /** Bytes of the torrent: a ratio of 1 is once as many. */
  readonly bytes: number;
  /** Of runs that this one goes on with: they count for the goals. */
  readonly earlier?: Pick<RunSums, 'uploaded' | 'seedMs'> | undefined;
  /** Bytes that peers got in earlier sessions. */
  readonly uploadedBefore?: () => number;
}

/** What was given, and for how long. */
export interface GivenFigures {
  readonly uploaded: number;
  readonly ratio: number;
  /** The same with earlier runs. */
  readonly uploadedInAll: number;
  /** Milliseconds. */
  readonly ms: number;
}

export class Seeding implements LookedAt {
  readonly #options: SeedingOptions;
  readonly #rate = new RateMeter();
  readonly #begun: number;
  #endedAt: number | null = null;
  #end: () => void = () => {};

  constructor(options: SeedingOptions) {
    this.#options = options;
    this.#begun = options.swarm.session.world.now();
  }

  /** Resolves when a goal is reached, or when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { looks } = this.#options.swarm.session;
    const over = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    const end = (): void => this.#end();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const endLooks = looks.begin(this);
    await over;
    this.#endedAt = this.#options.swarm.session.world.now();
    endLooks();
    signal.removeEventListener('abort', end);
  }

  /** Bytes per second that leave now. */
  get rate(): number {
    return this.#rate.perSecond;
  }

  /** Whole once the swarm has stopped: shards count up to their last moment. */
  get figures(): GivenFigures {
    const { swarm, bytes, earlier = NO_RUN, uploadedBefore } = this.#options;
    const uploaded = earlier.uploaded + swarm.race.totals.sentBytes;
    return {
      uploaded,
      ratio: bytes === 0 ? 0 : uploaded / bytes,
      uploadedInAll: uploaded + (uploadedBefore?.() ?? 0),
      ms: earlier.seedMs + this.ownMs,
    };
  }

  /** Milliseconds of this run alone. */
  get ownMs(): number {
    return (this.#endedAt ?? this.#options.swarm.session.world.now()) - this.#begun;
  }

  get isIdle(): boolean {
    const { dialing, handshaking, choked, unchoked } = this.#options.swarm.race.totals;
    return !this.#options.listeners.areListening && dialing + handshaking + choked + unchoked === 0;
  }

  get #isEnough(): boolean {
    const { goals } = this.#options;
    if (goals === null) return true;
    const { ratio, ms } = this.figures;
    return (goals.ratio !== null && ratio >= goals.ratio) || (goals.time !== null && ms >= goals.time);
  }

  look(): void {
    const { swarm, listeners, bytes, mayEnd } = this.#options;
    const { uploaded, ratio } = this.figures;
    this.#rate.sample(uploaded, swarm.session.world.now());
    if (this.#isEnough && mayEnd?.() !== false) return this.#end();
    if (!listeners.areListening) return;
    const progress: SeedProgress = {
      type: 'progress',
      work: 'seeding',
      bytes,
      totalBytes: bytes,
      uploaded,
      ratio,
      rate: Math.round(this.rate),
      known: swarm.race.peers.knownCount,
      ...swarm.uploadCounts,
      ...swarm.race.totals,
    };
    listeners.tell(({ onEvent }) => onEvent?.(progress));
  }
}
