/** What `unchoke get` tells while it runs and at its end, for people and for scripts. */

import { MAX_FILES_NAMED } from '../../../shared/limits.ts';
import type { ShardStats } from '../../../shared/messages.ts';
import type { Download } from '../../download/download.ts';
import type { UnavailableFile } from '../../download/download-options.ts';
import { incompleteFailure, missingText } from '../../download/incomplete.ts';
import { EXIT_STATUS, type Failure } from '../../failure.ts';
import { clientFamily } from '../../race/client-family.ts';
import { type PhaseTotals, phaseText, phaseTotals } from '../../race/phase-totals.ts';
import type { Race } from '../../race/race.ts';
import type { Unchoke } from '../../race/race-options.ts';
import type { RaceReport } from '../../report/race-report.ts';
import { RateMeter } from '../../report/rate-meter.ts';
import { reportLines } from '../../report/report-text.ts';
import { usageFigures } from '../../report/usage-figures.ts';
import type { OutputPlace } from '../../storage/output-place.ts';
import type { StoragePlan } from '../../storage/storage-plan.ts';
import { counted, formatDuration, formatRate, formatSize } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Console } from './console.ts';
import { type GivingPeer, liveView } from './live-view.ts';
import type { Metrics, MetricsSample } from './metrics.ts';
import { WorkProgress } from './work-progress.ts';

/** The download of a run with where it goes: there is none while the metadata of a magnet link is searched. */
export interface GetJob {
  readonly download: Download;
  readonly plan: StoragePlan;
  /** Released by the run that ends the download. */
  readonly place: OutputPlace;
}

export class GetOutput {
  readonly #console: Console;
  readonly #metrics: Metrics | null;
  readonly #rate = new RateMeter();
  #name = '';
  #infoHash = '';
  #pieceLength = 0;
  #checking: WorkProgress | null = null;
  /** Files that no web seed has, so far; those that are missing for good at the end. */
  #unavailable = 0;
  #missing: readonly UnavailableFile[] = [];

  constructor(console: Console, metrics: Metrics | null) {
    this.#console = console;
    this.#metrics = metrics;
  }

  metadata({ name, geometry, infoHash, files }: Metainfo, searchMs: number | null): void {
    this.#console.event('metadata', {
      name,
      infoHash: Buffer.from(infoHash).toString('hex'),
      bytes: geometry.totalLength,
      pieces: geometry.pieceCount,
      pieceLength: geometry.pieceLength,
      files: files.length,
      ...(searchMs === null ? {} : { searchMs }),
    });
    this.#pieceLength = geometry.pieceLength;
    this.#name = name;
    this.#infoHash = Buffer.from(infoHash).toString('hex');
    const found = searchMs === null ? '' : ` (metadata found after ${formatDuration(searchMs)})`;
    this.#console.news(
      `${name}: ${formatSize(geometry.totalLength)} in ${counted(geometry.pieceCount, 'piece')}, ${counted(files.length, 'file')}${found}`,
    );
  }

  /** What is on the disk is hashed before anything is asked for. */
  checked(pieces: number, total: number): void {
    this.#checking ??= new WorkProgress(this.#console, 'checking what is there', total * this.#pieceLength);
    this.#checking.reached(pieces * this.#pieceLength);
  }

  firstUnchoke({ shard }: Unchoke, peer: string, ms: number): void {
    this.#console.event('first-unchoke', { ms, peer, shard });
    this.#console.news(`first unchoke after ${formatDuration(ms)} from ${peer}`);
  }

  banned(peer: string): void {
    this.#console.event('peer-banned', { peer });
    this.#console.news(`${peer} sent bad data and was banned`);
  }

  pieceFailed(piece: number): void {
    this.#console.event('piece-failed', { piece });
    this.#console.news(`piece ${piece} failed its hash check and is fetched again`);
  }

  webSeedLost(url: string, reason: string): void {
    this.#console.event('web-seed-lost', { url, reason });
    this.#console.news(`web seed ${url} cannot send the missing data: ${reason}`);
  }

  webSeedWaits(url: string, reason: string, ms: number): void {
    this.#console.event('web-seed-waits', { url, reason, ms });
    this.#console.news(`web seed ${url}: ${reason}; next try in ${formatDuration(ms)}`);
  }

  fileUnavailable({ path, reason }: UnavailableFile): void {
    this.#console.event('file-unavailable', { path, reason });
    if (++this.#unavailable <= MAX_FILES_NAMED) this.#console.news(`no web seed has ${path}: ${reason}`);
  }

  /** The failure for a download that no source can complete; null where one still may. */
  incomplete(job: GetJob | null): Failure | null {
    const missing = job?.download.missingFiles ?? null;
    if (job === null || missing === null) return null;
    this.#missing = missing;
    return incompleteFailure(missing, job.plan.root);
  }

  /** The run ends while somebody may still have what is missing: at its end these files are named. */
  unfinished(job: GetJob | null): void {
    this.#missing = job?.download.unfinishedFiles ?? [];
  }

  /** The search for metadata goes on; `offers` peers have it. */
  searching(race: Race, offers: number): void {
    const totals = phaseTotals(race.shardStats);
    this.#console.event('progress', { bytes: 0, known: race.peers.size, metadataOffers: offers, ...totals });
    this.#console.progress(
      `searching for metadata; ${offers} peers have it  ${phaseText(race.peers.size, totals)}`,
    );
  }

  progress(race: Race, { download, plan }: GetJob, now: number): void {
    const { verifiedBytes, verifiedPieces, wantedBytes } = download;
    const hashBacklog = download.hashing.backlog;
    const pieceCount = plan.wanted.reduce((sum, one) => sum + one, 0);
    const totals: PhaseTotals = phaseTotals(race.shardStats);
    this.#rate.sample(totals.blockBytes + (download.webSeeds?.bytes ?? 0), now);
    const rate = this.#rate.perSecond;
    const etaMs = rate > 0 ? ((wantedBytes - verifiedBytes) / rate) * 1_000 : Number.POSITIVE_INFINITY;
    const fastest = fastestPeers(race);
    this.#console.event('progress', {
      bytes: verifiedBytes,
      totalBytes: wantedBytes,
      pieces: verifiedPieces,
      rate: Math.round(rate),
      known: race.peers.size,
      ...totals,
      hashBacklog,
      fastest,
    });
    this.#metrics?.update(this.#sample(race, download, totals));
    const share = ((verifiedBytes / wantedBytes) * 100).toFixed(1);
    this.#console.progress(
      `${share.padStart(5)} %  ${formatSize(verifiedBytes)} of ${formatSize(wantedBytes)}  ${formatRate(rate)}  eta ${formatDuration(etaMs)}  ${verifiedPieces}/${pieceCount} pieces  ${phaseText(race.peers.size, totals)}`,
      (size) =>
        liveView(
          {
            name: this.#console.labelled(this.#name),
            verifiedBytes,
            wantedBytes,
            verifiedPieces,
            wantedPieces: pieceCount,
            rate,
            etaMs,
            stretches: (count) => download.stretches(count),
            known: race.peers.size + race.peers.acceptedCount,
            peers: totals,
            fastest,
            ttfuMs: race.ttfuMs,
            winner: race.firstUnchoke === null ? null : race.peers.nameOf(race.firstUnchoke.peer),
            shards: shardLoads(race.shardStats),
            hashBacklog,
          },
          size,
        ),
    );
  }

  #sample(race: Race, download: Download, totals: PhaseTotals): MetricsSample {
    return {
      infoHash: this.#infoHash,
      verifiedBytes: download.verifiedBytes,
      wantedBytes: download.wantedBytes,
      receivedBytes: totals.blockBytes + (download.webSeeds?.bytes ?? 0),
      peersKnown: race.peers.size + race.peers.acceptedCount,
      peersConnected: totals.choked + totals.unchoked,
      peersUnchoked: totals.unchoked,
      ttfuMs: race.ttfuMs,
      complete: download.complete,
    };
  }

  summary(
    race: Race,
    report: RaceReport,
    job: GetJob | null,
    { elapsedMs, oracleMs }: { readonly elapsedMs: number; readonly oracleMs: number | null },
  ): void {
    if (job !== null)
      this.#metrics?.update(this.#sample(race, job.download, phaseTotals(race.shardStats)), true);
    this.#console.endProgress();
    this.#console.event('summary', {
      ...report,
      ms: elapsedMs,
      downloaded: job?.download.downloadedBytes ?? 0,
      found: job?.download.foundBytes ?? 0,
      rehashed: job?.download.rehashed ?? 0,
      writeBytes: job?.download.writeBytes ?? 0,
      webSeeds: job?.download.webSeeds?.yields ?? [],
      missingFiles: this.#missing,
      ...usageFigures(),
    });
    if (job !== null && job.download.writeBytes > 0)
      this.#console.detail(
        `writes: calls of ${formatSize(job.download.writeBytes)} are cheapest on this machine`,
      );
    if (report.funnel.addresses > 0 && !this.#console.isOfMany)
      this.#console.result(reportLines(report, oracleMs));
    for (const { url, bytes, lostTo } of job?.download.webSeeds?.yields ?? []) {
      const end = lostTo === null ? '' : `; it cannot send the missing data: ${lostTo}`;
      this.#console.result(this.#console.labelled(`web seed ${url}: ${formatSize(bytes)}${end}`));
    }
    for (const line of missingText(this.#missing)) this.#console.result(this.#console.labelled(line));
  }

  completed({ download, plan }: GetJob, elapsedMs: number): void {
    this.#console.event('complete', {
      ms: elapsedMs,
      bytes: download.wantedBytes,
      downloaded: download.downloadedBytes,
      files: plan.files.length,
      path: plan.root,
    });
  }

  /** The last words of a good run. */
  farewell({ download, plan }: GetJob, elapsedMs: number): number {
    const { downloadedBytes: bytes, foundBytes } = download;
    const rate = elapsedMs > 0 ? (bytes * 1_000) / elapsedMs : 0;
    const found = foundBytes > 0 ? `, ${formatSize(foundBytes)} already on disk` : '';
    const isAllThere = bytes === 0 && foundBytes > 0;
    const flow = isAllThere
      ? `nothing to download: ${formatSize(foundBytes)} already on disk`
      : `${formatSize(bytes)} downloaded in ${formatDuration(elapsedMs)} (${formatRate(rate)})${found}`;
    const where = `complete and verified: ${plan.root}`;
    this.#console.result(
      this.#console.isOfMany
        ? this.#console.labelled(`${where}; ${flow}`)
        : [where, `${flow}; ${usageText()}`],
    );
    return 0;
  }

  interrupted(job: GetJob | null): number {
    this.#console.news(
      job === null
        ? 'interrupted before the metadata was found'
        : `interrupted at ${formatSize(job.download.verifiedBytes)} verified; the same command resumes`,
    );
    return EXIT_STATUS.interrupted;
  }
}

function fastestPeers({ fastest, peers }: Race): GivingPeer[] {
  return fastest.map(({ peer, client, peerIdPrefix, bytesPerS }) => ({
    name: peers.nameOf(peer),
    client: clientFamily(client, peerIdPrefix),
    rate: Math.round(bytesPerS),
  }));
}

function usageText(): string {
  const { cpuUserMs, cpuSystemMs, peakRssBytes } = usageFigures();
  return `CPU ${formatDuration(cpuUserMs + cpuSystemMs)}, peak memory ${formatSize(peakRssBytes)}`;
}

function shardLoads(stats: readonly (ShardStats | null)[]): { peers: number; lagMs: number }[] {
  return stats.map((entry) => ({
    peers: entry === null ? 0 : entry.choked + entry.unchoked,
    lagMs: entry?.lagP99Ms ?? 0,
  }));
}
