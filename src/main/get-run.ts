/** One run of `unchoke get`, from the torrent to the exit status: what is told, and when it ends. */
import type { PeerIndex } from '../shared/indices.ts';
import { CHOKED_DOWNLOAD_MS } from '../shared/limits.ts';
import type { GetFlags } from './commands/get-flags.ts';
import { limitsOf, namedPeersOf, shardsOf } from './commands/options.ts';
import { Console } from './console.ts';
import { descriptorBudget } from './descriptors.ts';
import { Discovery } from './discovery/discovery.ts';
import { Download, type DownloadListener } from './download.ts';
import { EXIT_STATUS, Failure } from './failure.ts';
import { CLIENT_NAME, newPeerId } from './identity.ts';
import { Interrupt } from './interrupt.ts';
import { phaseText, phaseTotals } from './phase-totals.ts';
import { RateMeter } from './rate-meter.ts';
import { raceReport } from './report/race-report.ts';
import { reportText } from './report/report-text.ts';
import { type StoragePlan, storagePlan } from './storage.ts';
import { printable } from './text.ts';
import { loadTorrent } from './torrent/load.ts';
import type { Metainfo } from './torrent/metainfo.ts';
import { selectFiles } from './torrent/selection.ts';
import { formatDuration, formatRate, formatSize, parseCount, parseDuration, parseSize } from './units.ts';
import { usageFigures } from './usage-figures.ts';

/** Facts that only a caller of our own has: `unchoke demo` knows the oracle of its swarm. */
export interface GetContext {
  readonly oracleMs: number | null;
}

/** Downloads and reports; resolves to the exit status. Rejects with a Failure for the user, or with a bug of ours. */
export async function get(source: string, flags: GetFlags, context: GetContext): Promise<number> {
  const metainfo = loadTorrent(source);
  return new GetRun(metainfo, flags, context).run();
}

type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly error: unknown };

class GetRun {
  readonly #metainfo: Metainfo;
  readonly #flags: GetFlags;
  readonly #context: GetContext;
  readonly #console: Console;
  readonly #plan: StoragePlan;
  /** Milliseconds; 0 is never. */
  readonly #timeouts: { readonly firstUnchoke: number; readonly idle: number };
  readonly #download: Download;
  readonly #discovery: Discovery;
  readonly #begun = performance.now();
  readonly #rate = new RateMeter();
  readonly #ending: Promise<Ending>;
  #end: (ending: Ending) => void = () => {};
  #ended = false;
  #lastProgressAt = performance.now();
  #lastVerifiedAt = performance.now();
  /** From here on peers may come, so that their absence means something. */
  #discovering = false;

  constructor(metainfo: Metainfo, flags: GetFlags, context: GetContext) {
    this.#metainfo = metainfo;
    this.#flags = flags;
    this.#context = context;
    this.#console = new Console(flags);
    this.#plan = storagePlan(metainfo, flags.output, selectFiles(metainfo, flags.select));
    this.#ending = new Promise((resolve) => {
      this.#end = (ending) => {
        this.#ended = true;
        resolve(ending);
      };
    });
    this.#timeouts = {
      firstUnchoke: parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout),
      idle: parseDuration('--idle-timeout', flags.idleTimeout),
    };
    const named = namedPeersOf(flags);
    const peerId = newPeerId();
    const keep = flags.keep ?? (flags.strategy === 'first-unchoke' ? '0' : '1');
    const shards = shardsOf(flags);
    const hashers = parseCount('--hashers', flags.hashers, 1);
    const budget = descriptorBudget(shards, hashers);
    this.#download = new Download(
      {
        metainfo,
        plan: this.#plan,
        race: {
          peerId,
          clientName: CLIENT_NAME,
          strategy: flags.strategy,
          keep: parseCount('--keep', keep),
          shards,
          limits: limitsOf(flags, budget),
          chokedTimeoutMs: CHOKED_DOWNLOAD_MS,
        },
        hashers,
        openFiles: budget.filesPerHasher,
        memoryBytes: parseSize('--memory', flags.memory),
        order: flags.sequential ? 'sequential' : 'rarest',
        preallocate: flags.preallocate === 'full',
      },
      this.#listener(),
    );
    this.#discovery = new Discovery({
      metainfo,
      peerId,
      named,
      trackers: flags.trackers,
      progress: () => ({
        downloaded: this.#downloaded,
        left: this.#download.wantedBytes - this.#download.verifiedBytes,
      }),
      onPeers: (peers, from) => this.#download.race.add(peers, from),
      onNews: ({ tracker, kind, text }) => this.#console.news(`${tracker} ${kind}: ${text}`),
    });
  }

  async run(): Promise<number> {
    const { name, geometry, infoHash, files } = this.#metainfo;
    this.#console.event('metadata', {
      name: printable(name),
      infoHash: Buffer.from(infoHash).toString('hex'),
      bytes: geometry.totalLength,
      pieces: geometry.pieceCount,
      pieceLength: geometry.pieceLength,
      files: files.length,
    });
    this.#console.news(
      `${printable(name)}: ${formatSize(geometry.totalLength)} in ${geometry.pieceCount} pieces, ${files.length} files`,
    );
    const interrupt = new Interrupt(() => this.#end({ kind: 'interrupted' }));
    const timer = setInterval(() => this.#look(), this.#console.progressMs);
    let ending: Ending;
    try {
      const prepared = this.#download.prepare();
      // Ctrl-C need not wait for the hash of what is there; what comes of it then is nobody's business.
      prepared.catch(() => {});
      await Promise.race([prepared, this.#ending]);
      this.#lastVerifiedAt = performance.now();
      this.#discovering = !this.#ended && !this.#download.complete;
      // Names that are slow to look up hold up nobody.
      if (this.#discovering) void this.#discovery.start();
      ending = await this.#ending;
    } catch (error) {
      ending = { kind: 'failed', error };
    }
    clearInterval(timer);
    const elapsedMs = performance.now() - this.#begun;
    if (ending.kind === 'complete') this.#discovery.completed();
    await Promise.all([this.#download.stop(), this.#discovery.stop()]);
    interrupt.release();
    return this.#finish(ending, elapsedMs);
  }

  get #downloaded(): number {
    return this.#download.verifiedBytes - this.#download.foundBytes;
  }

  #listener(): DownloadListener {
    return {
      onChecked: (pieces, total) =>
        this.#console.progress(`checking what is there: ${pieces} of ${total} pieces`),
      onJournalTrouble: (error) => this.#console.news(`the journal could not be written: ${String(error)}`),
      onFirstUnchoke: ({ peer, shard }, ms) => {
        const name = this.#download.race.peers.nameOf(peer);
        this.#console.event('first-unchoke', { ms, peer: name, shard });
        this.#console.news(`first unchoke after ${formatDuration(ms)} from ${name}`);
      },
      onClosed: () => this.#checkExhausted(),
      onBanned: (peer) => this.#tellBanned(peer),
      onVerified: () => {
        this.#lastVerifiedAt = performance.now();
      },
      onPieceFailed: (piece) => {
        this.#console.event('piece-failed', { piece });
        this.#console.news(`piece ${piece} failed its hash and is fetched again`);
      },
      onShardLost: (error) => this.#console.news(`a shard died and was replaced: ${String(error)}`),
      onComplete: () => this.#end({ kind: 'complete' }),
      onFailure: (error) => this.#end({ kind: 'failed', error }),
    };
  }

  #tellBanned(peer: PeerIndex): void {
    const name = this.#download.race.peers.nameOf(peer);
    this.#console.event('peer-banned', { peer: name });
    this.#console.news(`${name} sent bad data and is banned`);
  }

  /** Nobody is left to ask, and nobody new will be named: waiting would be for nothing. */
  #checkExhausted(): void {
    const { race } = this.#download;
    if (!race.peers.allSettled || this.#discovery.hopeful) return;
    this.#end({
      kind: 'failed',
      error: new Failure('no-peer', `all ${race.peers.size} peers are gone, and no tracker answers`),
    });
  }

  /** The regular look at the run: its time-outs and its progress. */
  #look(): void {
    if (!this.#discovering) return;
    const now = performance.now();
    const { race } = this.#download;
    const { firstUnchoke: firstTimeout, idle: idleTimeout } = this.#timeouts;
    if (race.ttfuMs === null && firstTimeout > 0 && now - this.#begun >= firstTimeout) {
      const error = new Failure(
        'timeout',
        `nobody unchoked us within ${formatDuration(firstTimeout)} (${race.peers.size} peers known)`,
      );
      return this.#end({ kind: 'failed', error });
    }
    if (idleTimeout > 0 && now - this.#lastVerifiedAt >= idleTimeout) {
      return this.#end({
        kind: 'failed',
        error: new Failure('timeout', `no piece verified for ${formatDuration(idleTimeout)}`),
      });
    }
    if (race.peers.size > 0) this.#checkExhausted();
    if (race.peers.size === 0 && !this.#discovery.hopeful) {
      const error = new Failure(
        'no-peer',
        'no peer to download from: no tracker named one, and --peer named none',
      );
      return this.#end({ kind: 'failed', error });
    }
    if (now - this.#lastProgressAt >= this.#console.progressMs - 1) this.#progress(now);
  }

  #progress(now: number): void {
    this.#lastProgressAt = now;
    const { race, verifiedBytes, verifiedPieces, hashBacklog } = this.#download;
    const { wantedBytes } = this.#download;
    const pieceCount = this.#plan.wanted.reduce((sum, one) => sum + one, 0);
    const totals = phaseTotals(race.shardStats);
    this.#rate.sample(totals.blockBytes, now);
    const rate = this.#rate.perSecond;
    const etaMs = rate > 0 ? ((wantedBytes - verifiedBytes) / rate) * 1_000 : Number.POSITIVE_INFINITY;
    this.#console.event('progress', {
      bytes: verifiedBytes,
      totalBytes: wantedBytes,
      pieces: verifiedPieces,
      rate: Math.round(rate),
      known: race.peers.size,
      ...totals,
      hashBacklog,
    });
    const share = ((verifiedBytes / wantedBytes) * 100).toFixed(1);
    this.#console.progress(
      `${share.padStart(5)} %  ${formatSize(verifiedBytes)} of ${formatSize(wantedBytes)}  ${formatRate(rate)}  eta ${formatDuration(etaMs)}  ${verifiedPieces}/${pieceCount} pieces  ${phaseText(race.peers.size, totals)}`,
    );
  }

  #finish(ending: Ending, elapsedMs: number): number {
    const report = raceReport(this.#download.race, this.#flags.strategy);
    const usage = usageFigures();
    const bytes = this.#downloaded;
    if (ending.kind === 'complete') {
      this.#console.event('complete', {
        ms: elapsedMs,
        bytes: this.#download.wantedBytes,
        downloaded: bytes,
        files: this.#plan.files.length,
        path: this.#plan.root,
      });
    }
    this.#console.event('summary', {
      ...report,
      ms: elapsedMs,
      downloaded: bytes,
      found: this.#download.foundBytes,
      rehashed: this.#download.rehashed,
      ...usage,
    });
    if (this.#download.race.peers.size > 0) this.#console.result(reportText(report, this.#context.oracleMs));
    if (ending.kind === 'failed') throw ending.error;
    if (ending.kind === 'interrupted') {
      this.#console.news(
        `interrupted at ${formatSize(this.#download.verifiedBytes)} verified; the same command goes on from there`,
      );
      return EXIT_STATUS.interrupted;
    }
    const rate = elapsedMs > 0 ? (bytes * 1_000) / elapsedMs : 0;
    const found =
      this.#download.foundBytes > 0 ? `, ${formatSize(this.#download.foundBytes)} were there` : '';
    this.#console.result(
      `complete and verified: ${this.#plan.root}\n${formatSize(bytes)} downloaded in ${formatDuration(elapsedMs)} (${formatRate(rate)})${found}; ` +
        `CPU ${formatDuration(usage.cpuUserMs + usage.cpuSystemMs)}, peak memory ${formatSize(usage.peakRssBytes)}`,
    );
    return 0;
  }
}
