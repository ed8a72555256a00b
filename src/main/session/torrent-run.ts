/** One run of a torrent in its session: what happens in which order, what it reports, and how it ends. */
import type { Cluster } from '../cluster/cluster.ts';
import { Failure } from '../failure.ts';
import { isThere, storagePlan } from '../storage/storage-plan.ts';
import { lacksPieceHashes, type Metainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source.ts';
import { afterwards } from './afterwards.ts';
import { chosenFiles } from './chosen-files.ts';
import { type DownloadJob, downloadJob, fetchedBytes, trackerCounts } from './download-job.ts';
import type { Ending } from './ending.ts';
import { IdleWatch } from './idle-watch.ts';
import { layersOnDisk } from './layers-on-disk.ts';
import { runDownloadListener } from './run-download-listener.ts';
import { backText, completeEvent, metadataEvent, swarmEvents } from './run-events.ts';
import { needsPeers, type RunPhase } from './run-phase.ts';
import { type RunSums, sumsOf } from './run-sums.ts';
import { RunWatch } from './run-watch.ts';
import { saveSource } from './save-torrent.ts';
import type { Seeding } from './seeding.ts';
import { acceptsPeers, type TorrentSettings } from './settings.ts';
import { torrentCluster } from './torrent-cluster.ts';
import { type TorrentListener, TorrentListeners } from './torrent-listener.ts';
import type { TorrentRunOptions } from './torrent-run-options.ts';
import { type SwarmListener, TorrentSwarm } from './torrent-swarm.ts';

export class TorrentRun {
  readonly swarm: TorrentSwarm;
  readonly #watch: RunWatch;
  readonly #source: Source;
  readonly #settings: TorrentSettings;
  readonly #listeners = new TorrentListeners((error) => this.#listenerThrew(error));
  readonly #options: TorrentRunOptions;
  readonly #begun: number;
  readonly #ending: Promise<Ending>;
  #end: (ending: Ending) => void = () => {};
  #first: Ending | null = null;
  #thrown: Ending | null = null;
  /** Aborts when a complete torrent is no longer given to peers. */
  readonly #given = new AbortController();
  /** Aborts when it is over, for what is waited for. */
  readonly #over = new AbortController();
  #phase: RunPhase = 'searching';
  #elapsedMs: number | null = null;
  #seeding: Seeding | null = null;
  #metainfo: Metainfo | null = null;
  /** The files that the user wants; null: all. */
  #selected: ReadonlySet<number> | null = null;
  #job: DownloadJob | null = null;
  readonly #cluster: Cluster | null;
  /** It does not wait for what only peers or a queue can send before a download begins, so its preparation ends when it is told to. */
  #endsByItself = false;
  /** From here on peers may come, so that their absence means something. */
  #isDiscovering = false;
  #isAwaited = false;

  constructor(options: TorrentRunOptions) {
    const { source, settings, session } = options;
    this.#options = options;
    this.#source = source;
    this.#settings = settings;
    this.#ending = new Promise((resolve) => {
      this.#end = (ending) => {
        this.#first ??= ending;
        resolve(ending);
        this.#over.abort();
        if (ending.kind === 'complete') return;
        // While it is given to peers, a complete run can still fail.
        if (ending.kind === 'failed' && this.#first.kind === 'complete') this.#thrown ??= ending;
        this.#given.abort();
      };
    });
    this.#isAwaited = session.awaitsPeers && acceptsPeers(settings);
    this.#begun = session.world.now();
    this.swarm = new TorrentSwarm({ source, session, torrent: settings }, this.#swarmListener());
    this.#cluster = torrentCluster(settings.cluster, {
      swarm: this.swarm,
      fetched: () => fetchedBytes(this.#job),
      listeners: this.#listeners,
    });
    this.#watch = new RunWatch({
      swarm: this.swarm,
      settings,
      listeners: this.#listeners,
      idle: options.watch ?? new IdleWatch(settings, session.looks.clock),
      yields: options.yields === true,
      job: () => this.#job,
      mayEnd: () => this.#isDiscovering && needsPeers(this.#phase) && !this.#over.signal.aborted,
      awaitsPeers: () => this.#isAwaited,
      end: (ending) => this.#end(ending),
    });
  }

  /** Adds a listener. The returned function removes it. */
  subscribe(listener: Partial<TorrentListener>): () => void {
    return this.#listeners.add(listener);
  }

  get phase(): RunPhase {
    return this.#phase;
  }

  get metainfo(): Metainfo | null {
    return this.#metainfo;
  }

  get job(): DownloadJob | null {
    return this.#job;
  }

  /** Bytes per second that arrive now, and files that are not whole at the end of a run that failed. */
  get figures(): Pick<RunWatch, 'rate' | 'missing'> {
    return this.#watch;
  }

  /** How long it has waited for data. */
  get watch(): IdleWatch {
    return this.#watch.idle;
  }

  /** With the runs before it. Time counts up to the end of the work: to close everything takes a moment more. */
  get sums(): RunSums {
    const ms = this.#elapsedMs ?? this.swarm.session.world.now() - this.#begun;
    const { sentBytes: uploaded } = this.swarm.race.totals;
    const seedMs = this.#seeding?.ownMs ?? 0;
    return sumsOf(this.#options.earlier, this.#job, { ms, uploaded, seedMs });
  }

  /** Resolves when nothing of the run is left, however it ended. `signal` interrupts it in order. */
  async run(signal: AbortSignal): Promise<Ending> {
    const interrupt = (): void => this.#end({ kind: 'interrupted' });
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    const endLooks = this.swarm.session.looks.begin(this.#watch);
    if (this.#source.metainfo === undefined) this.#discover();
    this.#cluster?.start();
    // An end need not wait for the hash of what is there.
    const prepared = this.#prepare();
    prepared.catch(this.#fail);
    const ending = await this.#ending;
    this.#elapsedMs = this.swarm.session.world.now() - this.#begun;
    endLooks();
    if (ending.kind === 'complete') await this.#seed(prepared);
    signal.removeEventListener('abort', interrupt);
    await this.#close(prepared, ending);
    if (this.#thrown !== null) return this.#thrown;
    const given = this.#seeding?.figures;
    if (given) this.#listeners.tell(({ onEvent }) => onEvent?.({ type: 'seeded', ...given }));
    else if (ending.kind === 'complete') this.#tellComplete();
    return this.#thrown ?? ending;
  }

  /** Gives the complete torrent to peers, if the user wants that. Returns when that is over. */
  async #seed(prepared: Promise<void>): Promise<void> {
    const [goals, job, cluster] = [this.#settings.seed, this.#job, this.#cluster];
    if ((goals === null && cluster === null) || job === null || this.#thrown !== null) return;
    try {
      await prepared;
      await job.download.seed();
    } catch (error) {
      this.#thrown = { kind: 'failed', error };
      return;
    }
    job.free();
    this.#phase = 'seeding';
    this.#tellComplete();
    this.#discover();
    const how = { swarm: this.swarm, goals, cluster, listeners: this.#listeners, download: job.download };
    const after = afterwards({ ...how, earlier: this.#options.earlier }, this.#given.signal);
    this.#seeding = after.seeding;
    const failure = await after.failure;
    if (failure !== null) this.#thrown ??= { kind: 'failed', error: failure };
  }

  #tellComplete(): void {
    const job = this.#job;
    if (job !== null) this.#listeners.tell(({ onEvent }) => onEvent?.(completeEvent(job, this.sums)));
  }

  /** What a listener throws ends the run, even at its last event. */
  #listenerThrew(error: unknown): void {
    this.#thrown ??= { kind: 'failed', error };
    this.#end(this.#thrown);
  }

  async #close(prepared: Promise<void>, ending: Ending): Promise<void> {
    // What was not selected is missing still. A seed has said it at its beginning.
    if (this.#phase !== 'seeding' && this.#job?.download.bytes.isCompleted) this.swarm.discovery.completed();
    this.#cluster?.stop();
    // Those who read a file are told why it ends.
    const reason = ending.kind === 'failed' && ending.error instanceof Failure ? ending.error : undefined;
    const stopped = await Promise.allSettled([this.#job?.download.stop(reason), this.swarm.stop()]);
    // What it waited for has been given up; what it got in that moment is given back. What no peer has never comes.
    if (this.#endsByItself) await prepared.catch(() => {});
    this.#job?.release();
    // What could not be closed may not be on the disk.
    for (const end of stopped)
      if (end.status === 'rejected') this.#thrown ??= { kind: 'failed', error: end.reason };
  }

  /** The torrent known, the files ready: from then on blocks are asked for. */
  async #prepare(): Promise<void> {
    const metainfo = await this.swarm.torrent(
      (known) => this.#isKnown(known),
      () => this.#selected,
    );
    if (this.#over.signal.aborted) return;
    this.#endsByItself = false;
    await this.#options.tenure?.admit(metainfo);
    if (this.#over.signal.aborted) return;
    this.#endsByItself = true;
    this.#phase = 'queued';
    const { saveTorrent: file, output, part } = this.#settings;
    if (file !== null) saveSource(file, this.#source, metainfo, this.swarm.knowledge.layers, this.#fail);
    this.watch.busy(true);
    const { files } = this.swarm.session.world;
    const plan = storagePlan(metainfo, output, this.#selected, files, part);
    this.#options.onPlan?.(plan);
    const job = await downloadJob(metainfo, plan, {
      ...{ torrent: this.#settings, swarm: this.swarm, signal: this.#over.signal },
      onMemory: () => {
        this.#phase = 'checking';
      },
      onNews: this.#tellNews,
      tenure: this.#options.tenure ?? null,
      listener: runDownloadListener(
        {
          listeners: this.#listeners,
          reuse: this.#settings.reuse,
          watch: this.#watch,
          end: (how) => this.#end(how),
        },
        metainfo.geometry,
      ),
    });
    // It ended while another run in the same place was waited for.
    if (this.#over.signal.aborted) return job.abandon();
    this.#job = job;
    this.#listeners.tell(({ onJob }) => onJob?.(job));
    // Where nothing is there it cannot be complete: peers may be looked for while the files are made.
    const isNew = !isThere(job.plan, files);
    if (isNew && !job.download.complete) this.#discover();
    await this.#watch.whileChecking(() => job.download.prepare(), !isNew || job.download.reusing !== null);
    this.#cluster?.begin(job.download.pieces, metainfo, plan);
    this.#phase = 'downloading';
    if (!this.#over.signal.aborted && !job.download.complete) this.#discover();
  }

  readonly #fail = (error: unknown): void => this.#end({ kind: 'failed', error });

  async #isKnown(metainfo: Metainfo): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#metainfo = metainfo;
    const known = metadataEvent(metainfo, this.#source.metainfo === undefined ? this.sums.ms : null);
    this.#listeners.tell(({ onEvent }) => onEvent?.(known));
    // A listener may have ended it.
    if (this.#over.signal.aborted) return;
    this.#endsByItself = true;
    this.#phase = 'queued';
    this.watch.busy(true);
    const [{ output }, { choose, tenure }] = [this.#settings, this.#options];
    const by = { choose, mayWrite: tenure === undefined, onNews: this.#tellNews };
    this.#selected = await chosenFiles(metainfo, this.#source, this.#settings, by);
    if (this.#over.signal.aborted || !lacksPieceHashes(metainfo, this.#selected)) return;
    this.#phase = 'checking';
    const onHashed = this.#watch.onChecked(metainfo.geometry);
    const how = { output, signal: this.#over.signal, onHashed };
    await this.#watch.whileChecking(() => layersOnDisk(metainfo, this.swarm, how));
    // From here on it may wait for peers for ever.
    this.#endsByItself = false;
    if (this.#over.signal.aborted || !lacksPieceHashes(metainfo, this.#selected)) return;
    this.#phase = 'fetching-hashes';
    this.#discover();
  }

  #discover(): void {
    if (this.#isDiscovering) return;
    this.#isDiscovering = true;
    this.swarm.start();
  }

  #swarmListener(): SwarmListener {
    return {
      ...swarmEvents(this.#listeners, (peer) => this.swarm.race.peers.nameOf(peer)),
      progress: () => trackerCounts(this.#job),
      onClosed: () => this.#watch.checkExhausted(),
      onListening: (event) => {
        this.#isAwaited &&= event.type === 'listening';
        this.#listeners.tell(({ onEvent }) => onEvent?.(event));
      },
      onNetworkBack: (back) => {
        this.#job?.download.webSeeds?.networkBack();
        const text = backText(back);
        if (text !== null) this.#tellNews(text);
      },
      onBug: this.#fail,
    };
  }

  readonly #tellNews = (text: string): void => this.#listeners.tell(({ onNews }) => onNews?.(text));
}
