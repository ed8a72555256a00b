/** One run of `unchoke get`: a torrent of the session, its output and files, and its exit status. */
import { type Deferred, deferred } from '../../../shared/deferred.ts';
import type { Diagnosis } from '../../doctor/diagnosis.ts';
import { hasNoSource } from '../../doctor/source-rules.ts';
import type { Symptoms } from '../../doctor/symptoms.ts';
import { symptomsOf } from '../../doctor/symptoms-of.ts';
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { ReportFile } from '../../report/report-file.ts';
import { dialLimitsText } from '../../session/dial-limits.ts';
import { type Ending, resultOf, type TorrentRunResult } from '../../session/ending.ts';
import { receivedBytes } from '../../session/progress.ts';
import type { TorrentSettings } from '../../session/settings.ts';
import { TorrentRun } from '../../session/torrent-run.ts';
import { formatSize } from '../../text/units.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import { Advisor } from '../output/advisor.ts';
import { chooseFiles } from '../output/choose-files.ts';
import { GetOutput } from '../output/get-output.ts';
import { tellPeers } from '../output/peer-lines.ts';
import { tellSource } from '../output/source-news.ts';
import type { GetSettings } from '../settings-from-flags.ts';
import { FailedDownload } from './failed-download.ts';
import type { GetContext } from './get-context.ts';

/** Another source may turn out to be the same torrent. */
export interface SameTorrents {
  /** Aborts then, if that one downloads it: this run ends without a word. */
  readonly signal: AbortSignal;
  /** All names of the torrent are known. */
  onKnown(source: Source): void;
}

const YIELDED =
  'it gets no data, so another torrent has its memory now; it goes on when there is memory again';

export class GetRun {
  readonly #source: Source;
  readonly #settings: GetSettings;
  readonly #context: GetContext;
  #torrent: TorrentRun;
  #output: GetOutput;
  readonly #advisor: Advisor;
  readonly #reportFile: ReportFile | null;
  readonly #seeds: Deferred<number> = deferred();
  readonly #same: SameTorrents;
  #hasNoSource = false;

  constructor(source: Source, settings: GetSettings, context: GetContext, same: SameTorrents) {
    this.#same = same;
    this.#source = source;
    this.#settings = settings;
    this.#context = context;
    this.#advisor = new Advisor(context.console);
    this.#reportFile = settings.report === null ? null : new ReportFile(settings.report);
    this.#torrent = this.#newRun(source);
    this.#output = this.#follow(this.#torrent);
  }

  /** `before`: the run that gave its memory to another torrent, if this one goes on with it. */
  #newRun(source: Source, before: TorrentRun | null = null): TorrentRun {
    const settings = this.#settings;
    const context = this.#context;
    const { console, session, taken } = context;
    before?.watch.goOn();
    return new TorrentRun({
      source,
      settings: settings.torrent,
      session,
      yields: true,
      ...(before === null ? {} : { watch: before.watch, earlier: before.sums }),
      ...(settings.choose
        ? {
            choose: (metainfo) =>
              console.asking(() => chooseFiles(metainfo, console.style.paint, context.signal)),
          }
        : {}),
      onPlan: (plan) => {
        // What is shown of the search is old now.
        console.endProgress();
        if (before === null) taken.take(plan.root, namesOf(source).name);
      },
    });
  }

  /** Shows what happens in a run. */
  #follow(torrent: TorrentRun): GetOutput {
    const { console, session } = this.#context;
    const same = this.#same;
    tellPeers(torrent.swarm.race, console);
    const output = new GetOutput(torrent, this.#context);
    torrent.subscribe({
      onEvent: (event) => {
        if (event.type === 'metadata') same.onKnown(this.#known);
        if (same.signal.aborted) return;
        if (event.type === 'complete' && torrent.phase === 'seeding') this.#complete();
        output.heard(event);
      },
      onNews: (text) => console.news(text),
      onTrackerNews: (news) => {
        this.#advisor.trackers.hear(news);
        tellSource(console, news);
      },
      onJob: ({ memory }) => {
        const { shards, hashers } = session.settings;
        console.detail(dialLimitsText(session.dialLimits));
        console.detail(
          `threads: ${shards} for peers, ${hashers} to verify and write; memory for pieces: ${formatSize(memory.bytes)}`,
        );
      },
      onLook: (idleMs) => {
        const { download } = torrent.job ?? { download: null };
        const { race } = torrent.swarm;
        this.#reportFile?.sample(race, download?.webSeeds?.bytes ?? 0, download?.bytes.verified ?? 0);
        this.#advisor.received(download === null ? 0 : receivedBytes(race, download));
        this.#advisor.hint(idleMs, () => this.#symptoms());
      },
      // While it looks at its own disk, no peer is asked for data.
      onCheckLook: (check) => this.#advisor.hint(check.ms, () => this.#symptoms(check)),
      onFailing: () => {
        const symptoms = this.#symptoms();
        this.#advisor.examine(() => symptoms);
        this.#hasNoSource = hasNoSource(symptoms);
      },
    });
    return output;
  }

  /** Resolves to the exit status. Rejects with the error that ended the run. */
  async run(): Promise<number> {
    const { signal } = this.#context;
    const stop = new AbortController();
    const end = (): void => stop.abort();
    for (const ends of [signal, this.#same.signal]) ends.addEventListener('abort', end);
    if (signal.aborted) end();
    try {
      let ending = await this.#torrent.run(stop.signal);
      while (ending.kind === 'yielded') {
        this.#context.console.news(YIELDED);
        this.#torrent = this.#newRun(this.#known, this.#torrent);
        this.#output = this.#follow(this.#torrent);
        ending = await this.#torrent.run(stop.signal);
      }
      return this.#finish(ending);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** Resolves to 0 when the download is complete and given to peers from then on. Pending if that never happens. */
  get seeds(): Promise<number> {
    return this.#seeds.promise;
  }

  /** The facts for `--on-complete`. */
  get result(): TorrentRunResult {
    return resultOf(this.#known, this.#torrent.job);
  }

  /** The source, with what peers have sent of a magnet link. */
  get #known(): Source {
    const { metainfo } = this.#torrent;
    return metainfo === null ? this.#source : { ...this.#source, metainfo };
  }

  #symptoms(check: Symptoms['check'] = null): Symptoms {
    const { swarm, job } = this.#torrent;
    return symptomsOf(swarm, {
      heard: this.#advisor.trackers.states,
      metadataSearch: swarm.metadataSearch,
      check,
      download: job?.download.symptoms ?? null,
      dataArrives: this.#advisor.dataArrives(this.#torrent.watch.idleMs),
      longer: longerWait(this.#settings.torrent, swarm.race.firsts.ttfuMs !== null),
    });
  }

  /** The download is over, and the torrent is given to peers. */
  #complete(): void {
    this.#report(false);
    this.#output.farewell();
    this.#seeds.resolve(0);
  }

  #finish(ending: Ending): number {
    const hasSeeded = this.#torrent.phase === 'seeding';
    if (this.#same.signal.aborted) {
      this.#context.console.endProgress();
      return EXIT_STATUS.interrupted;
    }
    if (!hasSeeded) this.#report(ending.kind === 'failed');
    const diagnoses = this.#advisor.conclude(this.#context.explains);
    if (ending.kind === 'failed') throw this.#failed(ending.error, diagnoses);
    if (hasSeeded) return this.#output.seeded();
    return ending.kind === 'interrupted' ? this.#output.interrupted() : this.#output.farewell();
  }

  /** A bug of ours stays what it is. */
  #failed(error: unknown, diagnoses: readonly Diagnosis[]): unknown {
    if (!(error instanceof Failure)) return error;
    const { downloaded: downloadedBytes } = this.#torrent.sums;
    return new FailedDownload(error, { diagnoses, hasNoSource: this.#hasNoSource, downloadedBytes });
  }

  #report(isFailure: boolean): void {
    const { swarm, job, sums } = this.#torrent;
    const { oracleMs } = this.#context;
    const report = raceReport(swarm.race, this.#settings.torrent.strategy, job?.download.wastedBytes);
    this.#reportFile?.write(swarm.race, report, {
      ...namesOf(this.#known),
      wantedBytes: job?.download.bytes.wanted ?? 0,
      downloadedBytes: sums.downloaded,
      elapsedMs: sums.ms,
      oracleMs,
    });
    this.#output.summary(report, oracleMs, isFailure);
  }
}

/** The option for a longer wait; null if the run waits for ever. `isFed`: a peer has unchoked us. */
function longerWait(
  { firstUnchokeTimeout, idleTimeout }: Pick<TorrentSettings, 'firstUnchokeTimeout' | 'idleTimeout'>,
  isFed: boolean,
): string | null {
  if (!isFed && firstUnchokeTimeout > 0) return '--first-unchoke-timeout 0';
  return idleTimeout > 0 ? '--idle-timeout 0' : null;
}
