/**
 * Looks at a running download several times a second: tells how far it is, and ends it when it waited too long, has no source
 * left, or must give its memory to another torrent.
 */
import type { Geometry } from '../../shared/geometry.ts';
import type { DownloadListener, UnavailableFile } from '../download/download-options.ts';
import { incompleteFailure } from '../download/incomplete.ts';
import { RateMeter } from '../download/rate-meter.ts';
import { Failure } from '../failure.ts';
import { CheckWatch } from './check-watch.ts';
import type { DownloadJob } from './download-job.ts';
import type { Ending } from './ending.ts';
import type { Awaited, IdleWatch } from './idle-watch.ts';
import type { LookedAt } from './live-looks.ts';
import { LostNotice } from './lost-notice.ts';
import { exhaustedText } from './no-peer.ts';
import { progressOf, receivedBytes } from './progress.ts';
import type { TorrentSettings } from './settings.ts';
import type { TorrentListeners } from './torrent-listener.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export interface WatchedRun {
  readonly swarm: TorrentSwarm;
  readonly settings: TorrentSettings;
  readonly listeners: TorrentListeners;
  readonly idle: IdleWatch;
  /** If it stalls while another torrent waits for memory, it ends as `yielded`. */
  readonly yields: boolean;
  readonly job: () => DownloadJob | null;
  /** It waits for peers, who may come, so that their absence means something; and it is not over. */
  readonly mayEnd: () => boolean;
  /** The user named a port, so peers may come there at any time. */
  readonly awaitsPeers: () => boolean;
  readonly end: (ending: Ending) => void;
}

export class RunWatch implements LookedAt {
  readonly #run: WatchedRun;
  readonly #check: CheckWatch;
  readonly #lostNotice = new LostNotice();
  readonly #rate = new RateMeter();
  #missing: readonly UnavailableFile[] = [];

  constructor(run: WatchedRun) {
    this.#run = run;
    this.#check = new CheckWatch(run.swarm.session.looks.clock);
  }

  get idle(): IdleWatch {
    return this.#run.idle;
  }

  /** Bytes per second that arrive now. */
  get rate(): number {
    return this.#rate.perSecond;
  }

  /** Files that are not whole at the end of a run that failed. */
  get missing(): readonly UnavailableFile[] {
    return this.#missing;
  }

  get isIdle(): boolean {
    const { listeners, job, swarm } = this.#run;
    if (listeners.areListening || job()?.download.webSeeds?.busy === true) return false;
    const { dialing, handshaking, choked, unchoked } = swarm.race.totals;
    return dialing + handshaking + choked + unchoked === 0;
  }

  look(): void {
    const { swarm, settings, listeners, idle, yields, mayEnd, end } = this.#run;
    const { race } = swarm;
    const job = this.#run.job();
    const download = job?.download ?? null;
    // While other files are searched, or complete ones are checked, no peer is waited for.
    idle.look(mayEnd() && download?.reusing?.isLooking !== true && download?.files?.isFinishing !== true);
    this.#lookAtCheck();
    if (!mayEnd()) return;
    const isFedByWebSeeds = (download?.bytes.downloaded ?? 0) > 0 || download?.webSeeds?.busy === true;
    const fed = race.firsts.ttfuMs !== null || isFedByWebSeeds;
    const overdue = idle.overdue({ fed, known: race.peers.size, awaits: this.#awaits });
    if (overdue !== null) return this.#fail('timeout', overdue);
    this.checkExhausted();
    if (download !== null) this.#rate.sample(receivedBytes(race, download), swarm.session.world.now());
    if (yields && this.#isStalled(job) && job?.memory.offer() === true) return end({ kind: 'yielded' });
    if (!mayEnd() || (race.peers.knownCount === 0 && !listeners.areListening)) return;
    const notice = this.#lostNotice.look(swarm, settings);
    if (notice !== null) listeners.tell(({ onNews }) => onNews?.(notice));
    listeners.tell(({ onLook }) => onLook?.(idle.idleMs));
    // The check has a progress of its own.
    if (!listeners.areListening || download?.reusing?.isAlone === true) return;
    const progress = progressOf(swarm, download, this.rate);
    if (progress !== null) listeners.tell(({ onEvent }) => onEvent?.(progress));
  }

  /** Ends it if no source is left: no more peers may come, and there are no web seeds. */
  checkExhausted(): void {
    const { swarm, job, mayEnd, awaitsPeers } = this.#run;
    const { allSettled, knownCount } = swarm.race.peers;
    const download = job()?.download;
    const isBusy = download?.reusing?.isLooking === true || download?.files?.isFinishing === true;
    const isFed = download?.webSeedsMayGive === true || isBusy;
    if (!mayEnd() || !allSettled || awaitsPeers() || isFed || swarm.discovery.hopeful) return;
    this.#fail('no-peer', exhaustedText(knownCount, swarm.discovery.asksTrackers));
  }

  /** Hears how many pieces are hashed so far, and of how many. */
  onChecked({ pieceLength }: Geometry): DownloadListener['onChecked'] {
    return (pieces, total) => {
      this.#check.reached(pieces * pieceLength, total * pieceLength);
      this.#tellCheck();
    };
  }

  /** Hears how far the search in other folders is: a part of the check. */
  readonly onReuseLooked: DownloadListener['onReuseLooked'] = (bytes, totalBytes) => {
    this.#check.reached(bytes, totalBytes, this.#run.settings.reuse);
    this.#tellCheck();
  };

  /** `check` looks at our own disk: no peer is waited for meanwhile. `looks`: it reads files, which may take long. */
  async whileChecking(check: () => Promise<void>, looks = true): Promise<void> {
    this.idle.busy(true);
    if (looks) this.#check.begin();
    try {
      await check();
    } finally {
      this.#check.end();
      this.idle.busy(false);
    }
  }

  #lookAtCheck(): void {
    const { state } = this.#check;
    if (state === null) return;
    this.#run.listeners.tell(({ onCheckLook }) => onCheckLook?.(state));
    this.#tellCheck();
  }

  #tellCheck(): void {
    const { listeners } = this.#run;
    const progress = listeners.areListening ? this.#check.progress() : null;
    if (progress !== null) listeners.tell(({ onEvent }) => onEvent?.(progress));
  }

  get #awaits(): Awaited {
    const { swarm, job } = this.#run;
    if (job() !== null) return 'pieces';
    return (swarm.metadataSearch?.pieceHashes ?? null) === null ? 'metadata' : 'hashes';
  }

  /** It gets nothing, and nobody reads a file of it. */
  #isStalled(job: DownloadJob | null): boolean {
    if (job === null || job.download.readers.areReading) return false;
    return this.idle.isStalled(job.memory.bytes, this.rate);
  }

  #fail(code: 'no-peer' | 'timeout', message: string): void {
    const { listeners, mayEnd, end } = this.#run;
    if (!mayEnd()) return;
    listeners.tell(({ onFailing }) => onFailing?.());
    const job = this.#run.job();
    const lacking = job?.download.lacking ?? null;
    this.#missing = lacking?.files ?? [];
    const incomplete =
      job === null || lacking?.isFinal !== true ? null : incompleteFailure(lacking.files, job.plan.root);
    end({ kind: 'failed', error: incomplete ?? new Failure(code, message) });
  }
}
