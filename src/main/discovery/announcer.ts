/**
 * All trackers of a torrent, over the whole run (BEP 12): every tier is asked at once, within a tier one tracker after
 * the other until one answers, which then stays in front. Asks again at the tracker's interval, says `completed` and
 * `stopped`, and never holds up anybody: the race runs on what has come.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { believable } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import {
  ANNOUNCE_RETRY_MS,
  MAX_ANNOUNCE_INTERVAL_MS,
  STOPPED_ANNOUNCE_TIMEOUT_MS,
  TRACKER_NUMWANT_PEERS,
  TRACKER_TIMEOUT_MS,
} from '../../shared/limits.ts';
import type { HttpClient } from '../http-client.ts';
import { redactedUrl } from '../text.ts';
import { type AnnounceEvent, type AnnounceReply, type AnnounceRequest, TrackerError } from './announce.ts';
import { httpAnnounce } from './http-tracker.ts';
import { udpAnnounce } from './udp-tracker.ts';

export interface AnnouncerOptions {
  readonly tiers: readonly (readonly string[])[];
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: Promise<number>;
  readonly http: HttpClient;
  /** UDP trackers, too, asked from this address of ours; null where a proxy carries none. */
  readonly udp: { readonly from: string | null } | null;
  /** Counters at the moment of an announce, in bytes. */
  readonly progress: () => { readonly downloaded: number; readonly left: number };
  readonly onPeers: (peers: readonly HostPort[], tracker: string) => void;
  /** Something to tell the user: an answer, a warning, a failure. `tracker` is fit to be shown. */
  readonly onNews: (news: TrackerNews) => void;
}

export interface TrackerNews {
  readonly tracker: string;
  readonly kind: 'answered' | 'failed' | 'warned';
  readonly text: string;
}

interface Tier {
  trackers: string[];
  failures: number;
  answered: boolean;
  trackerId: Uint8Array | null;
  timer: NodeJS.Timeout | null;
  /** When its last round began. */
  askedAt: number;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #tiers: Tier[];
  readonly #key = randomInt(0x1_0000_0000);
  readonly #abort = new AbortController();
  readonly #lastWords: Promise<void>[] = [];
  #working = 0;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#tiers = options.tiers.map((tier) => ({
      trackers: shuffled(tier),
      failures: 0,
      answered: false,
      trackerId: null,
      timer: null,
      askedAt: 0,
    }));
  }

  /** True while a first answer may still come, so that an empty race is no reason to give up. */
  get hopeful(): boolean {
    return this.#working > 0 || this.#tiers.some((tier) => tier.answered);
  }

  /** True while an answer is awaited. */
  get searching(): boolean {
    return this.#working > 0;
  }

  start(): void {
    for (const tier of this.#tiers) void this.#round(tier, 'started');
  }

  /** Tiers that failed are asked again, unless they were asked just now; those that answered keep their interval. */
  networkBack(): void {
    for (const tier of this.#tiers) {
      const isRecent = performance.now() - tier.askedAt < ANNOUNCE_RETRY_MS;
      if (tier.failures === 0 || tier.timer === null || isRecent) continue;
      tier.failures = 0;
      void this.#round(tier, tier.answered ? 'none' : 'started');
    }
  }

  /** The download is complete: each tracker that knows us is told once. */
  completed(): void {
    for (const tier of this.#tiers) if (tier.answered) this.#lastWords.push(this.#round(tier, 'completed'));
  }

  /** Takes leave of the trackers that know us, for a moment at the most. */
  async stop(): Promise<void> {
    for (const tier of this.#tiers) if (tier.timer !== null) clearTimeout(tier.timer);
    // `completed` has a moment to be heard before `stopped`.
    const patience = AbortSignal.timeout(STOPPED_ANNOUNCE_TIMEOUT_MS);
    await Promise.race([Promise.allSettled(this.#lastWords), once(patience, 'abort')]);
    this.#abort.abort();
    for (const tier of this.#tiers) if (tier.timer !== null) clearTimeout(tier.timer);
    const signal = AbortSignal.timeout(STOPPED_ANNOUNCE_TIMEOUT_MS);
    const known = this.#tiers.filter((tier) => tier.answered);
    await Promise.all(
      known.map(async (tier) => {
        try {
          await this.#ask(tier.trackers[0] as string, tier, 'stopped', signal);
        } catch {
          // A tracker that does not hear our leave forgets us by itself.
        }
      }),
    );
  }

  async #round(tier: Tier, event: AnnounceEvent): Promise<void> {
    if (tier.timer !== null) clearTimeout(tier.timer);
    tier.timer = null;
    tier.askedAt = performance.now();
    this.#working += 1;
    const reply = await this.#firstAnswer(tier, event);
    this.#working -= 1;
    if (this.#abort.signal.aborted) return;
    const wait =
      reply?.intervalMs ?? Math.min(ANNOUNCE_RETRY_MS * 2 ** tier.failures, MAX_ANNOUNCE_INTERVAL_MS);
    tier.failures = reply === null ? tier.failures + 1 : 0;
    tier.timer = setTimeout(() => void this.#round(tier, tier.answered ? 'none' : 'started'), wait);
    // Waiting for the next announce is no reason to keep the process alive.
    tier.timer.unref();
  }

  /** The first tracker of the tier that answers moves to its front (BEP 12); null where none does. */
  async #firstAnswer(tier: Tier, event: AnnounceEvent): Promise<AnnounceReply | null> {
    for (const tracker of [...tier.trackers]) {
      const shown = redactedUrl(tracker);
      try {
        const deadline = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(TRACKER_TIMEOUT_MS)]);
        const reply = await this.#ask(tracker, tier, event, deadline);
        tier.trackers = [tracker, ...tier.trackers.filter((other) => other !== tracker)];
        tier.answered = true;
        tier.trackerId = reply.trackerId ?? tier.trackerId;
        this.#options.onNews({ tracker: shown, kind: 'answered', text: `${reply.peers.length} peers` });
        if (reply.warning !== null)
          this.#options.onNews({ tracker: shown, kind: 'warned', text: reply.warning });
        this.#options.onPeers(believable(reply.peers, reply.reach), shown);
        return reply;
      } catch (error) {
        if (this.#abort.signal.aborted) return null;
        if (!(error instanceof TrackerError)) throw error;
        this.#options.onNews({ tracker: shown, kind: 'failed', text: error.message });
      }
    }
    return null;
  }

  async #ask(tracker: string, tier: Tier, event: AnnounceEvent, signal: AbortSignal): Promise<AnnounceReply> {
    const { infoHash, peerId } = this.#options;
    const port = await this.#options.port;
    const { downloaded, left } = this.#options.progress();
    const numwant = event === 'stopped' ? 0 : TRACKER_NUMWANT_PEERS;
    const announce: AnnounceRequest = {
      infoHash,
      peerId,
      port,
      uploaded: 0,
      downloaded,
      left,
      event,
      numwant,
      key: this.#key,
    };
    const protocol = tracker.slice(0, tracker.indexOf(':')).toLowerCase();
    if (protocol === 'udp') {
      if (this.#options.udp === null) throw new TrackerError('UDP does not go through the proxy');
      return udpAnnounce(tracker, announce, signal, this.#options.udp.from);
    }
    if (protocol === 'http' || protocol === 'https')
      return httpAnnounce(tracker, announce, tier.trackerId, this.#options.http, signal);
    throw new TrackerError(`trackers of the kind "${protocol.slice(0, 20)}:" are not spoken here`);
  }
}

function shuffled(tier: readonly string[]): string[] {
  const trackers = [...tier];
  for (let i = trackers.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [trackers[i], trackers[j]] = [trackers[j] as string, trackers[i] as string];
  }
  return trackers;
}
