/** One run of `unchoke bench`: a download whose pieces are verified and thrown away. */
import { monotonicMs } from '../../../shared/clock.ts';
import { LivedClock } from '../../../shared/lived-clock.ts';
import { Download } from '../../download/download.ts';
import type { DownloadListener } from '../../download/download-options.ts';
import { defaultMemory } from '../../download/memory.ts';
import { RateMeter } from '../../download/rate-meter.ts';
import { Failure } from '../../failure.ts';
import type { PhaseTotals } from '../../race/phase-totals.ts';
import type { Session } from '../../session/session.ts';
import { type SwarmListener, TorrentSwarm } from '../../session/torrent-swarm.ts';
import { discardingPlan } from '../../storage/storage-plan.ts';
import {
  counted,
  formatDuration,
  formatRate,
  formatSize,
  formatTime,
  formatTimeLeft,
} from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Source } from '../../torrent/source.ts';
import { usableWebSeeds } from '../../torrent/web-seed-files.ts';
import type { BenchFigures } from '../output/bench-figures.ts';
import type { Console } from '../output/console.ts';
import { peersText } from '../output/peers-text.ts';
import type { BenchSettings } from '../settings-from-flags.ts';
import { BenchWatch } from './bench-watch.ts';
import { listenerFor } from './swarm-listener.ts';

const LOOK_MS = 100;

export class BenchRun {
  readonly #settings: BenchSettings;
  readonly #console: Console;
  readonly #swarm: TorrentSwarm;
  readonly #watch: BenchWatch;
  readonly #rate = new RateMeter();
  readonly #clock = new LivedClock(monotonicMs);
  readonly #begun = this.#clock.now();
  readonly #over: Promise<void>;
  #end: (error?: unknown) => void = () => {};
  #download: Download | null = null;
  #toldAt = this.#begun;

  constructor(source: Source, settings: BenchSettings, session: Session, console: Console) {
    this.#settings = settings;
    this.#console = console;
    this.#over = new Promise((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#swarm = new TorrentSwarm({ source, session, torrent: settings.torrent }, this.#swarmListener());
    this.#watch = new BenchWatch(this.#swarm.race);
  }

  /** Ends after the duration, when the torrent is complete, or when `signal` aborts. Rejects with `no-peer` or `timeout` if no block came. */
  async run(signal: AbortSignal): Promise<BenchFigures> {
    const stop = (): void => this.#end();
    signal.addEventListener('abort', stop);
    const timer = setInterval(() => this.#look(), LOOK_MS);
    try {
      this.#swarm.start();
      this.#swarm
        .torrent()
        .then((metainfo) => this.#begin(metainfo))
        .catch((error: unknown) => this.#end(error));
      await this.#over;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      this.#watch.finish(this.#download);
      await Promise.all([this.#download?.stop(), this.#swarm.stop()]);
      this.#console.endProgress();
    }
    return this.#watch.figures(this.#download);
  }

  async #begin(metainfo: Metainfo): Promise<void> {
    const { memory, webseeds } = this.#settings.session;
    this.#download = new Download(
      {
        torrent: this.#swarm.race.torrent,
        metainfo,
        plan: discardingPlan(metainfo),
        files: null,
        race: this.#swarm.race,
        shards: this.#swarm.session.settings.shards,
        webSeeds: { urls: webseeds ? usableWebSeeds(metainfo) : [], pool: this.#swarm.session.webSeeds },
        storage: this.#swarm.session.storage,
        memoryBytes: memory ?? defaultMemory(metainfo.geometry, 1),
        order: 'rarest',
        world: this.#swarm.session.world,
      },
      this.#downloadListener(),
    );
    await this.#download.prepare();
  }

  #swarmListener(): SwarmListener {
    const listener = listenerFor(this.#console, (error) => this.#end(error));
    return {
      // The listener reports no progress to trackers: they must not count data that is thrown away.
      ...listener,
      onFirstUnchoke: ({ peer, shard }, ms) => {
        const name = this.#swarm.race.peers.nameOf(peer);
        this.#console.event({ type: 'first-unchoke', ms, peer: name, shard });
        this.#console.news(`first unchoke after ${formatDuration(ms)} from ${name}`);
      },
      onClosed: () => this.#checkExhausted(),
      onBanned: (peer) => {
        const name = this.#swarm.race.peers.nameOf(peer);
        this.#console.event({ type: 'peer-banned', peer: name });
        this.#console.news(`${name} sent bad data and was banned`);
      },
    };
  }

  #downloadListener(): DownloadListener {
    return {
      onChecked: () => {},
      onRepair: () => {},
      onJournalTrouble: () => {},
      onVerified: () => {},
      onReuseLooked: () => {},
      onReused: () => {},
      onPieceFailed: (piece) => this.#console.event({ type: 'piece-failed', piece }),
      onWebSeedLost: (url, reason) => {
        this.#console.event({ type: 'web-seed-lost', url, reason });
        this.#console.news(`web seed ${url} cannot send the missing data: ${reason}`);
      },
      onWebSeedWaits: (url, reason, ms) => this.#console.event({ type: 'web-seed-waits', url, reason, ms }),
      onFileUnavailable: ({ path, reason }) =>
        this.#console.event({ type: 'file-unavailable', path, reason }),
      onComplete: () => this.#end(),
      onFailure: (error) => this.#end(error),
    };
  }

  #checkExhausted(): void {
    const { race, discovery } = this.#swarm;
    const hopeful = discovery.hopeful || (this.#download?.webSeedsMayGive ?? false);
    if (hopeful || !race.peers.allSettled) return;
    const { size } = race.peers;
    const gone = size === 1 ? 'the only peer is gone' : `all ${size} peers are gone`;
    const some = size > 0 ? gone : 'no peer was found';
    // Data that came before is a result, too.
    this.#end(
      this.#watch.elapsedMs > 0 ? undefined : new Failure('no-peer', `${some}, and no source has more`),
    );
  }

  #look(): void {
    const { race } = this.#swarm;
    if (this.#download !== null) this.#watch.look(this.#download);
    const { elapsedMs } = this.#watch;
    const { durationMs, torrent } = this.#settings;
    const timeoutMs = torrent.firstUnchokeTimeout;
    if (elapsedMs >= durationMs) return this.#end();
    const now = this.#clock.now();
    if (elapsedMs === 0 && timeoutMs > 0 && now - this.#begun >= timeoutMs) {
      const known = `${counted(race.peers.size, 'peer')} known`;
      return this.#end(new Failure('timeout', `no block arrived within ${formatTime(timeoutMs)} (${known})`));
    }
    if (race.peers.size === 0) this.#checkExhausted();
    const totals = race.totals;
    const bytes = totals.blockBytes + (this.#download?.webSeeds?.bytes ?? 0);
    this.#rate.sample(bytes, now);
    if (now - this.#toldAt < this.#console.progressMs) return;
    this.#toldAt = now;
    this.#tell(totals, bytes, elapsedMs);
  }

  #tell(totals: PhaseTotals, bytes: number, elapsedMs: number): void {
    const known = this.#swarm.race.peers.size;
    const rate = this.#rate.perSecond;
    const hasBegun = this.#swarm.race.firsts.ttfuMs !== null;
    this.#console.event({ type: 'progress', bytes, rate: Math.round(rate), known, ...totals });
    const left = formatTimeLeft(Math.max(0, this.#settings.durationMs - elapsedMs));
    this.#console.progress(
      `${formatRate(rate)}  ${formatSize(bytes)} received, ${left} to go  ${peersText({ known, peers: totals, rate, hasBegun })}`,
      { phase: 'measuring', step: Number(hasBegun) },
    );
  }
}
