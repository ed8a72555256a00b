/** Output of `unchoke get` while it runs and at its end, for people and for scripts. */

import { MAX_FILES_NAMED } from '../../../shared/limits.ts';
import type { Download } from '../../download/download.ts';
import { missingText } from '../../download/incomplete.ts';
import { EXIT_STATUS } from '../../failure.ts';
import type { PhaseTotals } from '../../race/phase-totals.ts';
import type { Race } from '../../race/race.ts';
import type { RaceReport } from '../../report/race-report.ts';
import { reportLines } from '../../report/report-text.ts';
import { usageFigures } from '../../report/usage-figures.ts';
import type { DownloadJob } from '../../session/download-job.ts';
import type {
  ClusterProgress,
  DownloadProgress,
  HashProgress,
  MetadataEvent,
  ReusedEvent,
  SearchProgress,
  SeededEvent,
  SeedProgress,
  TorrentEvent,
} from '../../session/events.ts';
import { receivedBytes } from '../../session/progress.ts';
import type { TorrentRun } from '../../session/torrent-run.ts';
import { withPath } from '../../text/columns.ts';
import { counted, formatDuration, formatRate, formatSize, formatTime } from '../../text/units.ts';
import { clusterSummary, waitingText } from './cluster-text.ts';
import type { Console } from './console.ts';
import { downloadState } from './download-state.ts';
import { givenText } from './given-text.ts';
import { interruptedText } from './interrupted-text.ts';
import { liveView, plainLine, receivedShare } from './live-view.ts';
import type { Metrics, MetricsSample } from './metrics.ts';
import { tenthOf } from './plain-pace.ts';
import type { ReachNews } from './reach-news.ts';
import { ReceivedBytes } from './received-bytes.ts';
import { searchStage, searchText } from './search-text.ts';
import { terminalColumns } from './terminal.ts';
import { TimeLeft } from './time-left.ts';
import { showWork } from './work-progress.ts';

export class GetOutput {
  readonly #torrent: TorrentRun;
  readonly #console: Console;
  readonly #metrics: Metrics | null;
  readonly #reach: ReachNews;
  #name = '';
  #given: Omit<SeededEvent, 'type'> = { uploaded: 0, ratio: 0, uploadedInAll: 0, ms: 0 };
  /** Files that no web seed has, so far. */
  #unavailable = 0;
  /** When progress was shown last, on the clock of `performance`. */
  #shownAt = performance.now();
  #cluster: ClusterProgress | null = null;
  readonly #received = new ReceivedBytes();
  readonly #timeLeft = new TimeLeft();
  /** Of the check of what is there. */
  readonly #checkLeft = new TimeLeft();

  constructor(
    torrent: TorrentRun,
    { console, metrics, reach }: { console: Console; metrics: Metrics | null; reach: ReachNews },
  ) {
    this.#torrent = torrent;
    this.#console = console;
    this.#metrics = metrics;
    this.#reach = reach;
  }

  /** Writes an event of the torrent: unchanged for scripts, in words for people. */
  heard(event: TorrentEvent): void {
    if (event.type === 'progress') {
      const timeLeft = 'work' in event ? this.#checkLeft : this.#timeLeft;
      if ('rate' in event) timeLeft.sample(event.rate, performance.now());
      if (!this.#isTimeForProgress()) return;
    }
    this.#console.event(event);
    switch (event.type) {
      case 'metadata':
        return this.#metadata(event);
      case 'first-unchoke':
        // A seed asks for nothing.
        if (this.#torrent.phase === 'seeding') return;
        return this.#console.news(`first unchoke after ${formatDuration(event.ms)} from ${event.peer}`);
      case 'peer-banned':
        return this.#console.news(`${event.peer} sent bad data and was banned`);
      case 'piece-failed':
        this.#received.pieceFailed();
        return this.#console.news(`piece ${event.piece} failed its hash check and is fetched again`);
      case 'web-seed-lost':
        return this.#console.news(`web seed ${event.url} cannot send the missing data: ${event.reason}`);
      case 'web-seed-waits': {
        const wait = formatTime(event.ms);
        return this.#console.news(`web seed ${event.url}: ${event.reason}; next try in ${wait}`);
      }
      case 'file-unavailable':
        if (++this.#unavailable <= MAX_FILES_NAMED)
          this.#console.news(`no web seed has ${event.path}: ${event.reason}`);
        return;
      case 'reused':
        return this.#console.news(reusedText(event));
      case 'progress':
        if ('uploaded' in event) return this.#seeding(event);
        if ('work' in event) return showWork(event, this.#checkLeft, this.#console);
        return 'totalBytes' in event ? this.#progress(event) : this.#searching(event);
      case 'listening': {
        const { shards } = this.#torrent.swarm.session;
        const threads = `${shards.listeningThreads} of ${counted(shards.size, 'thread')} for peers`;
        this.#console.detail(`incoming peers: accepted by ${threads}`);
        return this.#reach.heard(event);
      }
      case 'not-listening':
      case 'port-mapped':
      case 'port-not-mapped':
        return this.#reach.heard(event);
      case 'seeded':
        this.#given = event;
        return;
      case 'cluster':
        this.#cluster = event;
        return;
      case 'complete':
        return;
    }
  }

  #isTimeForProgress(): boolean {
    const now = performance.now();
    if (now - this.#shownAt < this.#console.progressMs - 1) return false;
    this.#shownAt = now;
    return true;
  }

  #metadata({ name, bytes, pieces, files, searchMs }: MetadataEvent): void {
    this.#name = name;
    const found = searchMs === undefined ? '' : ` (metadata found after ${formatDuration(searchMs)})`;
    this.#console.news(
      `${name}: ${formatSize(bytes)} in ${counted(pieces, 'piece')}, ${counted(files, 'file')}${found}`,
    );
  }

  #searching(progress: SearchProgress | HashProgress): void {
    this.#console.progress(
      searchText(progress, this.#torrent.swarm.race.firsts.ttfuMs !== null),
      searchStage(progress),
    );
  }

  #progress(progress: DownloadProgress): void {
    const { download } = this.#torrent.job as DownloadJob;
    this.#metrics?.update(this.#sample(this.#torrent.swarm.race, download, progress));
    const state = downloadState(this.#torrent, progress, {
      name: this.#console.labelled(this.#name),
      timeLeft: this.#timeLeft,
      received: this.#received,
      cluster: this.#cluster,
    });
    const stage = { phase: 'downloading', step: tenthOf(receivedShare(state), 1) };
    this.#console.progress(plainLine(state), stage, (size) => liveView(state, size, this.#console.style));
  }

  #seeding(progress: SeedProgress): void {
    const { uploaded, ratio, rate } = progress;
    const [flow, given] = [formatRate(rate), `${formatSize(uploaded)} given`];
    if (this.#cluster !== null)
      return this.#console.progress(`${waitingText(this.#cluster)}  ${flow}  ${given}`, {
        phase: 'waiting',
        step: this.#cluster.complete,
      });
    this.#reach.matters();
    this.#console.progress(`seeding  ${flow}  ${given}, ratio ${ratio.toFixed(2)}  ${givenText(progress)}`, {
      phase: 'seeding',
      step: Math.floor(ratio),
    });
  }

  #sample(race: Race, download: Download, totals: PhaseTotals): MetricsSample {
    return {
      infoHash: this.#torrent.swarm.infoHash,
      verifiedBytes: download.bytes.verified,
      wantedBytes: download.bytes.wanted,
      receivedBytes: receivedBytes(race, download),
      peersKnown: race.peers.knownCount,
      peersConnected: totals.choked + totals.unchoked,
      peersUnchoked: totals.unchoked,
      ttfuMs: race.firsts.ttfuMs,
      complete: download.complete,
    };
  }

  /** People see how the race went after a failure, in `unchoke demo`, which knows the oracle, and with `--verbose`. */
  summary(report: RaceReport, oracleMs: number | null, isFailure: boolean): void {
    const { swarm, job, sums } = this.#torrent;
    const { missing } = this.#torrent.figures;
    const { race } = swarm;
    const { ms, downloaded, found, reused } = sums;
    if (job !== null) this.#metrics?.update(this.#sample(race, job.download, race.totals), true);
    this.#console.endProgress();
    this.#console.event({
      type: 'summary',
      ...report,
      ...{ ms, downloaded, found, reused },
      rehashed: job?.download.files?.rehashed ?? 0,
      writeBytes: job?.download.writeBytes ?? 0,
      webSeeds: job?.download.webSeeds?.yields ?? [],
      missingFiles: missing,
      ...usageFigures(),
    });
    if (job !== null && job.download.writeBytes > 0)
      this.#console.detail(
        `writes: calls of ${formatSize(job.download.writeBytes)} are cheapest on this machine`,
      );
    const isResult = isFailure || oracleMs !== null;
    const tell = (line: string): void =>
      isResult ? this.#console.summary(this.#console.labelled(line)) : this.#console.detail(line);
    const columns = terminalColumns(isResult ? 'stdout' : 'stderr') ?? undefined;
    if (report.funnel.addresses > 0 && !this.#console.isOfMany)
      for (const line of reportLines(report, oracleMs, columns)) tell(line);
    for (const { url, bytes, lostTo } of job?.download.webSeeds?.yields ?? []) {
      const end = lostTo === null ? '' : `; it cannot send the missing data: ${lostTo}`;
      tell(`web seed ${url}: ${formatSize(bytes)}${end}`);
    }
    for (const line of missingText(missing)) this.#console.result(this.#console.labelled(line));
  }

  /** The last line of a successful run. */
  farewell(): number {
    const { plan } = this.#torrent.job as DownloadJob;
    const { ms: elapsedMs, downloaded, found, reused, uploaded } = this.#torrent.sums;
    const rate = elapsedMs > 0 ? (downloaded * 1_000) / elapsedMs : 0;
    const others = [
      ...(reused > 0 ? [`${formatSize(reused)} were taken from other files`] : []),
      ...(found > 0 ? [`${formatSize(found)} were there already`] : []),
    ];
    const flow = [
      ...(downloaded === 0 && others.length > 0
        ? []
        : [`${formatSize(downloaded)} in ${formatTime(elapsedMs)}, ${formatRate(rate)}`]),
      ...others,
    ].join('; ');
    this.#console.detail(usageText());
    const given = uploaded > 0 ? `; ${formatSize(uploaded)} given to peers` : '';
    this.#console.summary(
      withPath(
        this.#console.labelled(`complete: ${plan.root}`),
        `${flow}${given}`,
        terminalColumns('stdout'),
      ),
    );
    return 0;
  }

  /** The last line of a seed: what it gave. */
  seeded(): number {
    const { uploaded, ratio, ms } = this.#given;
    const flow = `${formatSize(uploaded)} in ${formatTime(ms)}, ratio ${ratio.toFixed(2)}`;
    this.#console.endProgress();
    const told = this.#cluster === null ? `given to peers: ${flow}` : clusterSummary(this.#cluster);
    this.#console.summary(this.#console.labelled(told));
    return 0;
  }

  interrupted(): number {
    const { job, phase } = this.#torrent;
    const verified = job?.download.bytes.verified ?? 0;
    this.#console.news(interruptedText(phase, verified));
    return EXIT_STATUS.interrupted;
  }
}

function reusedText({ folders, bytes, totalBytes, isCut }: ReusedEvent): string {
  const from = folders.join(', ');
  const more = isCut ? ' (not all of its files were looked at: there are too many)' : '';
  if (bytes === 0) return `no known piece was found in ${from}${more}`;
  return `${formatSize(bytes)} of ${formatSize(totalBytes)} were taken from ${from}${more}`;
}

function usageText(): string {
  const { cpuUserMs, cpuSystemMs, peakRssBytes } = usageFigures();
  return `CPU ${formatDuration(cpuUserMs + cpuSystemMs)}, peak memory ${formatSize(peakRssBytes)}`;
}
