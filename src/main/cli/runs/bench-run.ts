/** One run of `unchoke bench`: a download whose pieces are verified and thrown away. */
import { monotonicMs } from '../../../shared/clock.ts';
import { CHOKED_DOWNLOAD_MS } from '../../../shared/limits.ts';
import { LivedClock } from '../../../shared/lived-clock.ts';
import { Download } from '../../download/download.ts';
import type { DownloadListener } from '../../download/download-options.ts';
import { defaultMemory, parseMemory } from '../../download/memory.ts';
import { Failure } from '../../failure.ts';
import { type PhaseTotals, phaseText, phaseTotals } from '../../race/phase-totals.ts';
import { RateMeter } from '../../report/rate-meter.ts';
import { listenerFor, PeerSession, type SessionListener } from '../../session/peer-session.ts';
import { discardingPlan } from '../../storage/storage-plan.ts';
import { formatDuration, formatRate, formatSize, parseDuration } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Source } from '../../torrent/source.ts';
import { usableWebSeeds } from '../../torrent/web-seed-files.ts';
import type { BenchFlags } from '../commands/bench.ts';
import { hashersOf } from '../commands/options.ts';
import type { BenchFigures } from '../output/bench-figures.ts';
import type { Console } from '../output/console.ts';
import { BenchWatch } from './bench-watch.ts';
import type { Network } from './with-source.ts';

const LOOK_MS = 100;

export class BenchRun {
  readonly #flags: BenchFlags;
  readonly #network: Network;
  readonly #console: Console;
  readonly #session: PeerSession;
  readonly #watch: BenchWatch;
  readonly #rate = new RateMeter();
  readonly #hashers: number;
  readonly #memoryBytes: number | null;
  readonly #durationMs: number;
  readonly #patienceMs: number;
  readonly #clock = new LivedClock(monotonicMs);
  readonly #begun = this.#clock.now();
  readonly #over: Promise<void>;
  #end: (error?: unknown) => void = () => {};
  #download: Download | null = null;
  #toldAt = this.#begun;

  constructor(source: Source, flags: BenchFlags, network: Network, console: Console) {
    this.#flags = flags;
    this.#network = network;
    this.#console = console;
    this.#hashers = hashersOf(flags);
    this.#memoryBytes = parseMemory(flags.memory, 1);
    this.#durationMs = parseDuration('--duration', flags.duration);
    this.#patienceMs = parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout);
    this.#over = new Promise((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#session = new PeerSession(
      {
        source,
        flags,
        ...network,
        keep: 0,
        downloads: true,
        listenPort: null,
        chokedTimeoutMs: CHOKED_DOWNLOAD_MS,
        hashers: this.#hashers,
        lanes: 1,
      },
      this.#sessionListener(),
    );
    this.#watch = new BenchWatch(this.#session.race);
  }

  /** Ends after the duration, with the torrent, or when `signal` aborts. Rejects with a `no-peer` or `timeout` failure where nothing came. */
  async run(signal: AbortSignal): Promise<BenchFigures> {
    const stop = (): void => this.#end();
    signal.addEventListener('abort', stop);
    const timer = setInterval(() => this.#look(), LOOK_MS);
    try {
      void this.#session.discovery.start();
      this.#session
        .torrent()
        .then((metainfo) => this.#begin(metainfo))
        .catch((error: unknown) => this.#end(error));
      await this.#over;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      this.#watch.finish(this.#download);
      await Promise.all([this.#download?.stop(), this.#session.stop()]);
      this.#console.endProgress();
    }
    return this.#watch.figures(this.#download);
  }

  async #begin(metainfo: Metainfo): Promise<void> {
    const { webseeds } = this.#flags;
    this.#download = new Download(
      {
        metainfo,
        plan: discardingPlan(metainfo),
        files: null,
        race: this.#session.race,
        shards: this.#session.shards,
        webSeeds: { urls: webseeds ? usableWebSeeds(metainfo) : [], route: this.#network.route },
        hashers: this.#hashers,
        openFiles: 0,
        memoryBytes: this.#memoryBytes ?? defaultMemory(metainfo.geometry),
        order: 'rarest',
      },
      this.#downloadListener(),
    );
    await this.#download.prepare();
  }

  #sessionListener(): SessionListener {
    const listener = listenerFor(this.#console, (error) => this.#end(error));
    return {
      // With its progress of nothing: what is thrown away is not for trackers to count.
      ...listener,
      onFirstUnchoke: ({ peer, shard }, ms) => {
        const name = this.#session.race.peers.nameOf(peer);
        this.#console.event('first-unchoke', { ms, peer: name, shard });
        this.#console.news(`first unchoke after ${formatDuration(ms)} from ${name}`);
      },
      onClosed: () => this.#checkExhausted(),
    };
  }

  #downloadListener(): DownloadListener {
    const { onFirstUnchoke, onClosed, onShardLost } = this.#sessionListener();
    return {
      onFirstUnchoke,
      onClosed,
      onShardLost,
      onBanned: (peer) => {
        const name = this.#session.race.peers.nameOf(peer);
        this.#console.event('peer-banned', { peer: name });
        this.#console.news(`${name} sent bad data and was banned`);
      },
      onChecked: () => {},
      onJournalTrouble: () => {},
      onVerified: () => {},
      onPieceFailed: (piece) => this.#console.event('piece-failed', { piece }),
      onWebSeedLost: (url, reason) => {
        this.#console.event('web-seed-lost', { url, reason });
        this.#console.news(`web seed ${url} cannot send the missing data: ${reason}`);
      },
      onWebSeedWaits: (url, reason, ms) => this.#console.event('web-seed-waits', { url, reason, ms }),
      onFileUnavailable: ({ path, reason }) => this.#console.event('file-unavailable', { path, reason }),
      onComplete: () => this.#end(),
      onFailure: (error) => this.#end(error),
    };
  }

  #checkExhausted(): void {
    const { race, discovery } = this.#session;
    const hopeful = discovery.hopeful || (this.#download?.webSeeds?.hopeful ?? false);
    if (hopeful || !race.peers.allSettled) return;
    const some = race.peers.size > 0 ? `all ${race.peers.size} peers are gone` : 'no peer was found';
    // What came before that is a result all the same.
    this.#end(
      this.#watch.elapsedMs > 0 ? undefined : new Failure('no-peer', `${some}, and no source has more`),
    );
  }

  #look(): void {
    const { race } = this.#session;
    if (this.#download !== null) this.#watch.look(this.#download);
    const { elapsedMs } = this.#watch;
    if (elapsedMs >= this.#durationMs) return this.#end();
    const now = this.#clock.now();
    if (elapsedMs === 0 && this.#patienceMs > 0 && now - this.#begun >= this.#patienceMs) {
      const known = `${race.peers.size} peers known`;
      return this.#end(
        new Failure('timeout', `no block arrived within ${formatDuration(this.#patienceMs)} (${known})`),
      );
    }
    if (race.peers.size === 0) this.#checkExhausted();
    const totals = phaseTotals(race.shardStats);
    const bytes = totals.blockBytes + (this.#download?.webSeeds?.bytes ?? 0);
    this.#rate.sample(bytes, now);
    if (now - this.#toldAt < this.#console.progressMs) return;
    this.#toldAt = now;
    this.#tell(totals, bytes, elapsedMs);
  }

  #tell(totals: PhaseTotals, bytes: number, elapsedMs: number): void {
    const known = this.#session.race.peers.size;
    const rate = this.#rate.perSecond;
    this.#console.event('progress', { bytes, rate: Math.round(rate), known, ...totals });
    const left = formatDuration(Math.max(0, this.#durationMs - elapsedMs));
    this.#console.progress(
      `${formatRate(rate)}  ${formatSize(bytes)} received, ${left} to go  ${phaseText(known, totals)}`,
    );
  }
}
