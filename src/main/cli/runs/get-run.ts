/** One run of `unchoke get`, from the source to the exit status: what happens in which order, and when it ends. */
import { monotonicMs } from '../../../shared/clock.ts';
import { LIVE_PROGRESS_MS } from '../../../shared/limits.ts';
import { LivedClock } from '../../../shared/lived-clock.ts';
import { type Symptoms, symptomsOf } from '../../doctor/symptoms.ts';
import type { DownloadListener } from '../../download/download-options.ts';
import { Failure } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { ReportFile } from '../../report/report-file.ts';
import type { DownloadJob } from '../../session/download-job.ts';
import { IdleWatch } from '../../session/idle-watch.ts';
import { PeerSession, type SessionListener, UNKNOWN_LEFT_BYTES } from '../../session/peer-session.ts';
import { isThere } from '../../storage/storage-plan.ts';
import { saveTorrent } from '../../torrent/from-metadata.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { selectFiles } from '../../torrent/selection.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import { Advisor } from '../output/advisor.ts';
import type { Console } from '../output/console.ts';
import { GetOutput } from '../output/get-output.ts';
import type { GetSettings } from '../settings-from-flags.ts';
import type { Ending, GetContext } from './get-context.ts';
import { getJob } from './get-job.ts';
import { LostNotice } from './lost-notice.ts';
import { goneText, noPeerText } from './no-peer.ts';
import { listenerFor } from './session-listener.ts';
import type { Network } from './with-source.ts';

export class GetRun {
  readonly #source: Source;
  readonly #settings: GetSettings;
  readonly #context: GetContext;
  readonly #console: Console;
  readonly #output: GetOutput;
  readonly #advisor: Advisor;
  readonly #reportFile: ReportFile | null;
  readonly #watch: IdleWatch;
  readonly #lostNotice = new LostNotice();
  /** Milliseconds; 0 is never. */
  readonly #timeouts: { readonly firstUnchoke: number; readonly idle: number };
  readonly #session: PeerSession;
  readonly #begun = performance.now();
  readonly #ending: Promise<Ending>;
  #job: DownloadJob | null = null;
  #end: (ending: Ending) => void = () => {};
  #ended = false;
  #lastProgressAt = performance.now();
  /** From here on peers may come, so that their absence means something. */
  #discovering = false;
  #isAwaited = false;

  constructor(source: Source, settings: GetSettings, context: GetContext & { readonly network: Network }) {
    this.#source = source;
    this.#settings = settings;
    this.#context = context;
    this.#console = context.console;
    this.#output = new GetOutput(this.#console, context.metrics);
    this.#advisor = new Advisor(this.#console);
    this.#reportFile = settings.report === null ? null : new ReportFile(settings.report);
    this.#ending = new Promise((resolve) => {
      this.#end = (ending) => {
        this.#ended = true;
        resolve(ending);
      };
    });
    const { session, torrent } = settings;
    this.#timeouts = { firstUnchoke: torrent.firstUnchokeTimeout, idle: torrent.idleTimeout };
    this.#watch = new IdleWatch(this.#timeouts, new LivedClock(monotonicMs).now);
    const { network, lanes, lane } = context;
    this.#session = new PeerSession(
      { source, session, torrent, http: network.http, downloads: true, lanes, lane },
      this.#sessionListener(),
    );
  }

  async run(): Promise<number> {
    const { signal } = this.#context;
    const interrupt = (): void => this.#end({ kind: 'interrupted' });
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    const timer = setInterval(() => this.#look(), LIVE_PROGRESS_MS);
    let ending: Ending;
    try {
      if (this.#source.kind === 'magnet') this.#discover();
      const prepared = this.#prepare();
      // Ctrl-C need not wait for the hash of what is there; what comes of it then is nobody's business.
      prepared.catch(() => {});
      await Promise.race([prepared, this.#ending]);
      if (!this.#ended && this.#job?.download.complete === false) this.#discover();
      ending = await this.#ending;
    } catch (error) {
      ending = { kind: 'failed', error };
    }
    clearInterval(timer);
    const elapsedMs = performance.now() - this.#begun;
    // What was not selected is missing still.
    if (this.#job?.download.leftBytes === 0) this.#session.discovery.completed();
    await Promise.all([this.#job?.download.stop(), this.#session.stop()]);
    this.#job?.place.release();
    signal.removeEventListener('abort', interrupt);
    return this.#finish(ending, elapsedMs);
  }

  /** The torrent known, the files ready: from then on blocks are asked for. */
  async #prepare(): Promise<void> {
    const metainfo = await this.#session.torrent();
    if (this.#ended) return;
    const isMagnet = this.#source.kind === 'magnet';
    this.#output.metadata(metainfo, isMagnet ? performance.now() - this.#begun : null);
    const { saveTorrent: file, select } = this.#settings.torrent;
    if (file !== null && this.#source.kind === 'magnet')
      saveTorrent(file, this.#source.magnet, metainfo.info);
    const selected = await selectFiles(metainfo, this.#source, select, (text) => this.#console.news(text));
    if (this.#ended) return;
    this.#watch.busy(true);
    await this.#start(metainfo, selected);
    this.#watch.busy(false);
  }

  /** Names that are slow to look up hold up nobody. */
  #discover(): void {
    if (this.#discovering) return;
    this.#discovering = true;
    void this.#session.discovery.start();
  }

  async #start(metainfo: Metainfo, selected: ReadonlySet<number> | null): Promise<void> {
    const job = await getJob(metainfo, selected, {
      source: this.#source,
      settings: this.#settings,
      context: this.#context,
      session: this.#session,
      listener: this.#downloadListener(),
    });
    // An interrupt came while another run was waited for.
    if (this.#ended) return job.place.release();
    this.#job = job;
    // Where nothing is there it cannot be complete: peers may be looked for while the files are made.
    if (!job.download.complete && !isThere(job.plan)) this.#discover();
    await job.download.prepare();
  }

  #sessionListener(): SessionListener {
    const listener = listenerFor(this.#console, (error) => this.#end({ kind: 'failed', error }));
    return {
      ...listener,
      onNews: (news) => {
        this.#advisor.trackers.hear(news);
        listener.onNews(news);
      },
      progress: () => ({
        downloaded: this.#job?.download.downloadedBytes ?? 0,
        left: this.#job?.download.leftBytes ?? UNKNOWN_LEFT_BYTES,
        fetched: this.#job?.download.webSeeds?.bytes ?? 0,
      }),
      onFirstUnchoke: (unchoke, ms) =>
        this.#output.firstUnchoke(unchoke, this.#session.race.peers.nameOf(unchoke.peer), ms),
      onClosed: () => this.#checkExhausted(),
      onBanned: (peer) => this.#output.banned(this.#session.race.peers.nameOf(peer)),
      onNetworkBack: (back) => {
        this.#job?.download.webSeeds?.networkBack();
        listener.onNetworkBack(back);
      },
      onListening: (port) => {
        this.#isAwaited = this.#settings.session.port !== 0;
        this.#console.event({ type: 'listening', port });
      },
    };
  }

  #downloadListener(): DownloadListener {
    return {
      ...this.#sessionListener(),
      onChecked: (pieces, total) => this.#output.checked(pieces, total),
      onJournalTrouble: (message) => this.#console.news(`no journal: ${message}`),
      onVerified: () => this.#watch.progressed(),
      onPieceFailed: (piece) => this.#output.pieceFailed(piece),
      onWebSeedLost: (url, reason) => {
        this.#output.webSeedLost(url, reason);
        this.#checkExhausted();
      },
      onWebSeedWaits: (url, reason, ms) => this.#output.webSeedWaits(url, reason, ms),
      onFileUnavailable: (file) => this.#output.fileUnavailable(file),
      onComplete: () => this.#end({ kind: 'complete' }),
      onFailure: (error) => this.#end({ kind: 'failed', error }),
    };
  }

  /** More peers may come, be it to the port that the user named, or web seeds are there. */
  get #hopeful(): boolean {
    const isFed = this.#job?.download.webSeeds?.hopeful ?? false;
    return this.#session.discovery.hopeful || this.#isAwaited || isFed;
  }

  /** Nobody is left to ask or to wait for, and nobody new will be named. */
  #checkExhausted(): void {
    const { race } = this.#session;
    if (!race.peers.allSettled || this.#hopeful) return;
    const count = race.peers.size + race.peers.acceptedCount;
    this.#fail('no-peer', goneText(count, this.#session.discovery.asksTrackers));
  }

  /** The regular look at the run: its time-outs and its progress. */
  #look(): void {
    this.#watch.look(this.#discovering);
    if (!this.#discovering) return;
    const { race } = this.#session;
    const download = this.#job?.download;
    const fedByWebSeeds = (download?.downloadedBytes ?? 0) > 0 || download?.webSeeds?.busy === true;
    const fed = race.ttfuMs !== null || fedByWebSeeds;
    const overdue = this.#watch.overdue({ fed, known: race.peers.size, searching: this.#job === null });
    if (overdue !== null) return this.#fail('timeout', overdue);
    this.#reportFile?.sample(race, download?.webSeeds?.bytes ?? 0, download?.verifiedBytes ?? 0);
    const known = race.peers.size + race.peers.acceptedCount;
    if (known > 0) this.#checkExhausted();
    if (!this.#ended) this.#lostNotice.look(this.#session, this.#timeouts, this.#console);
    if (known === 0 && !this.#hopeful)
      return this.#fail('no-peer', noPeerText('download from', this.#session.discovery.asksTrackers));
    if (!this.#ended) this.#advisor.hint(this.#watch.idleMs, () => this.#symptoms());
    const now = performance.now();
    if (now - this.#lastProgressAt < this.#console.progressMs - 1) return;
    this.#lastProgressAt = now;
    if (this.#job === null) this.#output.searching(race, this.#session.metadataSearch?.offers ?? 0);
    else this.#output.progress(race, this.#job, now);
  }

  #symptoms(): Symptoms {
    return symptomsOf(this.#session, this.#settings, {
      trackers: this.#advisor.trackers.states,
      metadataSearch: this.#job === null ? this.#session.metadataSearch : null,
      download: this.#job?.download.symptoms ?? null,
    });
  }

  #fail(code: 'no-peer' | 'timeout', message: string): void {
    if (!this.#ended) this.#advisor.examine(() => this.#symptoms());
    const incomplete = this.#output.incomplete(this.#job);
    if (incomplete === null) this.#output.unfinished(this.#job);
    this.#end({ kind: 'failed', error: incomplete ?? new Failure(code, message) });
  }

  #finish(ending: Ending, elapsedMs: number): number {
    const job = this.#job;
    if (ending.kind === 'complete' && job !== null) this.#output.completed(job, elapsedMs);
    const { race } = this.#session;
    const report = raceReport(race, this.#settings.torrent.strategy, job?.download.wastedBytes);
    this.#reportFile?.write(race, report, {
      ...namesOf(this.#source),
      wantedBytes: job?.download.wantedBytes ?? 0,
      downloadedBytes: job?.download.downloadedBytes ?? 0,
      oracleMs: this.#context.oracleMs,
    });
    this.#output.summary(race, report, job, { elapsedMs, oracleMs: this.#context.oracleMs });
    this.#advisor.conclude();
    if (ending.kind === 'failed') throw ending.error;
    if (ending.kind === 'interrupted' || job === null) return this.#output.interrupted(job);
    return this.#output.farewell(job, elapsedMs);
  }

  /** What `--on-complete` is told of. */
  get result(): {
    readonly name: string;
    readonly infoHash: string;
    readonly path: string;
    readonly bytes: number;
  } {
    const { download, plan } = this.#job ?? { download: null, plan: null };
    return { ...namesOf(this.#source), path: plan?.root ?? '', bytes: download?.wantedBytes ?? 0 };
  }
}
