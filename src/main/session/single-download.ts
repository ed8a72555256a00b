/** One download in threads of its own: what happens in which order, what it reports, and how it ends. */
import { monotonicMs } from '../../shared/clock.ts';
import { LIVE_PROGRESS_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { DownloadListener } from '../download/download-options.ts';
import { incompleteFailure } from '../download/incomplete.ts';
import { RateMeter } from '../download/rate-meter.ts';
import { Failure } from '../failure.ts';
import type { HttpClient } from '../network/http-client.ts';
import type { Bytes, InfoHash, Milliseconds } from '../quantities.ts';
import { isThere, storagePlan } from '../storage/storage-plan.ts';
import { saveTorrent } from '../torrent/from-metadata.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { selectFiles } from '../torrent/selection.ts';
import { namesOf, type Source } from '../torrent/source.ts';
import { type DownloadJob, downloadJob } from './download-job.ts';
import type { TorrentEvent } from './events.ts';
import { IdleWatch } from './idle-watch.ts';
import { PeerSession, type SessionListener, UNKNOWN_LEFT_BYTES } from './peer-session.ts';
import { downloadProgress, receivedBytes, searchProgress } from './progress.ts';
import type { SessionSettings, TorrentSettings } from './settings.ts';

/** A complete download. */
export interface DownloadResult {
  readonly name: string;
  readonly infoHash: InfoHash;
  /** The file, or the folder of the files. */
  readonly path: string;
  /** Bytes of all pieces that the wanted files need. */
  readonly bytes: Bytes;
  /** Those of them that were downloaded now; the others were on disk. */
  readonly downloaded: Bytes;
  readonly ms: Milliseconds;
}

export class SingleDownload {
  readonly #source: Source;
  readonly #settings: SessionSettings & TorrentSettings;
  readonly #onEvent: (event: TorrentEvent) => void;
  readonly #peers: PeerSession;
  readonly #watch: IdleWatch;
  readonly #rate = new RateMeter();
  readonly #checkRate = new RateMeter();
  readonly #begun = performance.now();
  readonly #ended: Promise<void>;
  #complete: () => void = () => {};
  #failWith: (error: unknown) => void = () => {};
  #isOver = false;
  #job: DownloadJob | null = null;
  /** From here on peers may come, so that their absence means something. */
  #isDiscovering = false;
  #isAwaited = false;

  constructor(
    source: Source,
    settings: SessionSettings & TorrentSettings,
    http: HttpClient,
    onEvent: (event: TorrentEvent) => void,
  ) {
    this.#source = source;
    this.#settings = settings;
    this.#onEvent = onEvent;
    this.#ended = new Promise((resolve, reject) => {
      this.#complete = () => {
        this.#isOver = true;
        resolve();
      };
      this.#failWith = (error) => {
        this.#isOver = true;
        reject(error);
      };
    });
    // It may fail before `run` waits for it.
    this.#ended.catch(() => {});
    const { firstUnchokeTimeout, idleTimeout } = settings;
    this.#watch = new IdleWatch(
      { firstUnchoke: firstUnchokeTimeout, idle: idleTimeout },
      new LivedClock(monotonicMs).now,
    );
    this.#peers = new PeerSession(
      { source, session: settings, torrent: settings, http, downloads: true, lanes: 1, lane: 0 },
      this.#peersListener(),
    );
  }

  /** Rejects with what ended it. Nothing of it is left by then. */
  async run(signal: AbortSignal): Promise<DownloadResult> {
    const interrupt = (): void => this.#failWith(signal.reason);
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    const timer = setInterval(() => this.#look(), LIVE_PROGRESS_MS);
    try {
      if (this.#source.kind === 'magnet') this.#discover();
      const prepared = this.#prepare(signal);
      // The end need not wait for the hash of what is there.
      prepared.catch((error: unknown) => this.#failWith(error));
      await Promise.race([prepared, this.#ended]);
      if (!this.#isOver && this.#job?.download.complete === false) this.#discover();
      await this.#ended;
    } finally {
      signal.removeEventListener('abort', interrupt);
      clearInterval(timer);
      await this.#close();
    }
    return this.#result();
  }

  /** What a listener throws in the midst of our callbacks ends the download, and nothing else. */
  #emit(event: TorrentEvent): void {
    try {
      this.#onEvent(event);
    } catch (error) {
      this.#failWith(error);
    }
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    // What was not selected is missing still.
    if (this.#job?.download.leftBytes === 0) this.#peers.discovery.completed();
    await Promise.all([this.#job?.download.stop(), this.#peers.stop()]);
    this.#job?.place.release();
  }

  #result(): DownloadResult {
    const { download, plan } = this.#job as DownloadJob;
    const ms = performance.now() - this.#begun;
    const figures = {
      ms,
      bytes: download.wantedBytes,
      downloaded: download.downloadedBytes,
      path: plan.root,
    };
    this.#onEvent({ type: 'complete', ...figures, files: plan.files.length });
    return { ...namesOf(this.#source), ...figures };
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const metainfo = await this.#peers.torrent();
    if (this.#isOver) return;
    this.#reportMetadata(metainfo);
    const { saveTorrent: file, select } = this.#settings;
    if (file !== null && this.#source.kind === 'magnet')
      saveTorrent(file, this.#source.magnet, metainfo.info);
    const selected = await selectFiles(metainfo, this.#source, select, () => {});
    if (this.#isOver) return;
    this.#watch.busy(true);
    const plan = storagePlan(metainfo, this.#settings.output, selected);
    const job = await downloadJob(metainfo, plan, {
      session: this.#settings,
      torrent: this.#settings,
      peers: this.#peers,
      lanes: 1,
      signal,
      onNews: () => {},
      listener: this.#downloadListener(metainfo),
    });
    // It ended while another download to the same place was waited for.
    if (this.#isOver) return job.place.release();
    this.#job = job;
    if (!job.download.complete && !isThere(job.plan)) this.#discover();
    await job.download.prepare();
    this.#watch.busy(false);
  }

  #discover(): void {
    if (this.#isDiscovering) return;
    this.#isDiscovering = true;
    void this.#peers.discovery.start();
  }

  #reportMetadata({ name, infoHash, geometry, files }: Metainfo): void {
    const searched = this.#source.kind === 'magnet' ? { searchMs: performance.now() - this.#begun } : {};
    this.#emit({
      type: 'metadata',
      name,
      infoHash: Buffer.from(infoHash).toString('hex'),
      bytes: geometry.totalLength,
      pieces: geometry.pieceCount,
      pieceLength: geometry.pieceLength,
      files: files.length,
      ...searched,
    });
  }

  #peersListener(): SessionListener {
    return {
      progress: () => ({
        downloaded: this.#job?.download.downloadedBytes ?? 0,
        left: this.#job?.download.leftBytes ?? UNKNOWN_LEFT_BYTES,
        fetched: this.#job?.download.webSeeds?.bytes ?? 0,
      }),
      onFirstUnchoke: ({ peer, shard }, ms) =>
        this.#emit({ type: 'first-unchoke', ms, peer: this.#peers.race.peers.nameOf(peer), shard }),
      onClosed: () => this.#checkExhausted(),
      onBanned: (peer) => this.#emit({ type: 'peer-banned', peer: this.#peers.race.peers.nameOf(peer) }),
      onShardLost: () => {},
      onNews: () => {},
      onListening: (port) => {
        this.#isAwaited = this.#settings.port !== 0;
        this.#emit({ type: 'listening', port });
      },
      onNetworkBack: () => this.#job?.download.webSeeds?.networkBack(),
      onBug: (error) => this.#failWith(error),
    };
  }

  #downloadListener({ geometry }: Metainfo): DownloadListener {
    return {
      ...this.#peersListener(),
      onChecked: (pieces, total) => this.#reportCheck(pieces, total, geometry.pieceLength),
      onJournalTrouble: () => {},
      onVerified: () => this.#watch.progressed(),
      onPieceFailed: (piece) => this.#emit({ type: 'piece-failed', piece }),
      onWebSeedLost: (url, reason) => {
        this.#emit({ type: 'web-seed-lost', url, reason });
        this.#checkExhausted();
      },
      onWebSeedWaits: (url, reason, ms) => this.#emit({ type: 'web-seed-waits', url, reason, ms }),
      onFileUnavailable: ({ path, reason }) => this.#emit({ type: 'file-unavailable', path, reason }),
      onComplete: () => this.#complete(),
      onFailure: (error) => this.#failWith(error),
    };
  }

  #reportCheck(pieces: number, total: number, pieceLength: number): void {
    const bytes = pieces * pieceLength;
    this.#checkRate.sample(bytes, performance.now());
    this.#emit({
      type: 'progress',
      work: 'checking what is there',
      bytes,
      totalBytes: total * pieceLength,
      rate: Math.round(this.#checkRate.perSecond),
    });
  }

  get #isHopeful(): boolean {
    const isFed = this.#job?.download.webSeeds?.hopeful ?? false;
    return this.#peers.discovery.hopeful || this.#isAwaited || isFed;
  }

  #checkExhausted(): void {
    const { race } = this.#peers;
    if (this.#isOver || !race.peers.allSettled || this.#isHopeful) return;
    const count = race.peers.size + race.peers.acceptedCount;
    this.#fail(
      'no-peer',
      count === 0 ? 'no peer is known, and nothing names one' : `all ${count} peers are gone`,
    );
  }

  /** The regular look: time-outs and progress. */
  #look(): void {
    this.#watch.look(this.#isDiscovering);
    if (!this.#isDiscovering || this.#isOver) return;
    const { race } = this.#peers;
    const download = this.#job?.download;
    const isFedByWebSeeds = (download?.downloadedBytes ?? 0) > 0 || download?.webSeeds?.busy === true;
    const fed = race.ttfuMs !== null || isFedByWebSeeds;
    const overdue = this.#watch.overdue({ fed, known: race.peers.size, searching: download === undefined });
    if (overdue !== null) return this.#fail('timeout', overdue);
    this.#checkExhausted();
    if (this.#isOver) return;
    if (download === undefined)
      return this.#emit(searchProgress(race, this.#peers.metadataSearch?.offers ?? 0));
    this.#rate.sample(receivedBytes(race, download), performance.now());
    this.#emit(downloadProgress(race, download, this.#rate.perSecond));
  }

  #fail(code: 'no-peer' | 'timeout', message: string): void {
    const job = this.#job;
    const missing = job?.download.missingFiles ?? null;
    const failure = job === null || missing === null ? null : incompleteFailure(missing, job.plan.root);
    this.#failWith(failure ?? new Failure(code, message));
  }
}
