/**
 * All trackers of a torrent, for the whole run (BEP 12). All tiers are asked at once, and each again at the interval of the
 * tracker that answered. It sends `completed` and `stopped`. Nothing waits for it: the race uses what has arrived.
 */
import { setMaxListeners } from 'node:events';
import { believable } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { withDeadline } from '../../shared/deadline.ts';
import {
  STOPPED_ANNOUNCE_TIMEOUT_MS,
  TRACKER_HEAD_START_MS,
  TRACKER_NUMWANT_PEERS,
  TRACKER_TIMEOUT_MS,
} from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { settledWithin } from '../../shared/settled-within.ts';
import { printable, redactedUrl } from '../text/foreign-text.ts';
import { counted, formatTime } from '../text/units.ts';
import {
  type AnnouncedBytes,
  type AnnounceEvent,
  type AnnounceReply,
  type AnnounceRequest,
  TrackerError,
} from './announce.ts';
import type { AnnounceQueue } from './announce-queue.ts';
import type { Environment } from './environment.ts';
import { familiesOf, overFamilies } from './families.ts';
import { httpAnnounce, type TrackerHttp } from './http-tracker.ts';
import type { Need } from './need.ts';
import { newTracker, Tier, type TierTracker } from './tier.ts';
import { boundedTiers } from './tracker-bounds.ts';
import type { UdpConnections } from './udp-connections.ts';
import { udpAnnounce } from './udp-tracker.ts';

export interface AnnouncerOptions {
  readonly tiers: readonly (readonly string[])[];
  /** BEP 27: one tracker at a time. */
  readonly private: boolean;
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: Promise<number>;
  /** What trackers are told over IPv4 instead, when the router forwards a port; null if it forwards none. */
  readonly externalPort?: () => number | null;
  readonly http: TrackerHttp;
  /** Shared by all torrents of the session. */
  readonly shared: TrackerAccess;
  readonly need: () => Need;
  /** Counters at the moment of an announce, in bytes. */
  readonly progress: () => AnnouncedBytes;
  readonly onPeers: (peers: readonly HostPort[], tracker: string) => void;
  /** News for the user: an answer, a warning or a failure. `tracker` has no secrets. */
  readonly onNews: (news: TrackerNews) => void;
}

/** How to reach trackers, and the queue of announces. */
export interface TrackerAccess {
  readonly environment: Environment;
  /** Uses the one timer of all torrents. */
  readonly later: Later;
  readonly announces: AnnounceQueue;
  /** For UDP trackers; null if the proxy does not carry UDP. */
  readonly udp: UdpConnections | null;
}

export interface TrackerNews {
  readonly tracker: string;
  readonly kind: 'answered' | 'failed' | 'warned';
  readonly text: string;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #key: number;
  readonly #abort = new AbortController();
  readonly #lastWords: Promise<unknown>[] = [];
  #tiers: readonly Tier[];
  #isPrivate: boolean;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    setMaxListeners(0, this.#abort.signal);
    const { randomBelow } = options.shared.environment;
    this.#key = randomBelow(0x1_0000_0000);
    const mixed = options.tiers.map((tier) => shuffled(tier, randomBelow));
    const tiers = boundedTiers(mixed).map((urls) => urls.map(newTracker));
    // BEP 27: one tracker at a time, in the order of the tiers. The next one is asked only when one fails.
    this.#isPrivate = options.private;
    this.#tiers = options.private
      ? [this.#tierOf(tiers.flat(), Number.POSITIVE_INFINITY)]
      : tiers.map((trackers) => this.#tierOf(trackers, TRACKER_HEAD_START_MS));
  }

  /** True while an answer may come. An empty race then does not give up. */
  get hopeful(): boolean {
    return this.#tiers.some((tier) => tier.hopeful);
  }

  /** True while a tracker is being asked. */
  get searching(): boolean {
    return this.#tiers.some((tier) => tier.asking);
  }

  /** True if a tracker has answered. */
  get answered(): boolean {
    return this.#known.length > 0;
  }

  start(): void {
    for (const tier of this.#tiers) void tier.round();
  }

  /**
   * Asks failed trackers again, except those that failed just now and those that asked us to wait. `isStranger`: the others know us
   * by an old address, or have forgotten us, so they are asked as soon as they allow it.
   */
  networkBack(isStranger: boolean): void {
    for (const tier of this.#tiers) tier.networkBack(isStranger);
  }

  /** The torrent is complete: tells each tracker that knows us, once. */
  completed(): void {
    for (const tracker of this.#known) this.#say(tracker, 'completed');
  }

  /** The metadata says that the torrent is private: keeps the tracker that answered first and sends `stopped` to the others. */
  becamePrivate(): void {
    this.#isPrivate = true;
    for (const tier of this.#tiers) tier.end();
    const [stays, ...others] = this.#known;
    for (const tracker of others) this.#leave(tracker);
    const rest = this.#tiers.flatMap(({ trackers }) => trackers).filter((tracker) => tracker !== stays);
    const tier = this.#tierOf(stays === undefined ? rest : [stays, ...rest], Number.POSITIVE_INFINITY);
    this.#tiers = [tier];
    tier.roundAt(stays?.notBefore ?? 0);
  }

  /** Sends `stopped` to the trackers that know us, and waits a moment at most. */
  async stop(): Promise<void> {
    const { livedLater } = this.#options.shared.environment;
    for (const tier of this.#tiers) tier.end();
    // `completed` gets a moment to arrive before `stopped`.
    await settledWithin(Promise.allSettled(this.#lastWords), STOPPED_ANNOUNCE_TIMEOUT_MS, livedLater);
    this.#abort.abort();
    await withDeadline(
      STOPPED_ANNOUNCE_TIMEOUT_MS,
      null,
      // A tracker that does not get `stopped` forgets us after a while.
      (signal) => {
        setMaxListeners(0, signal);
        return Promise.allSettled(this.#known.map((tracker) => this.#ask(tracker, 'stopped', signal)));
      },
      livedLater,
    );
  }

  #leave(tracker: TierTracker): void {
    tracker.knowsUs = false;
    this.#say(tracker, 'stopped');
  }

  /** If the tracker does not get it, no harm is done. */
  #say(tracker: TierTracker, event: AnnounceEvent): void {
    this.#lastWords.push(this.#ask(tracker, event, this.#abort.signal).catch(() => {}));
  }

  get #known(): readonly TierTracker[] {
    return this.#tiers.flatMap(({ trackers }) => trackers).filter(({ knowsUs }) => knowsUs);
  }

  #tierOf(trackers: readonly TierTracker[], headStartMs: number): Tier {
    const { environment, later } = this.#options.shared;
    return new Tier({
      trackers,
      headStartMs,
      now: environment.now,
      later,
      ask: (tracker, event, over) => this.#ask(tracker, event, this.#abort.signal, over),
      onAnswer: (tracker, reply) => this.#tell(tracker, reply),
      onFailure: ({ url }, error, nextTryMs) => {
        const tracker = redactedUrl(url);
        this.#options.onNews({ tracker, kind: 'failed', text: `${error.message}${nextTryText(nextTryMs)}` });
      },
    });
  }

  #tell(answered: TierTracker, reply: AnnounceReply): void {
    if (this.#abort.signal.aborted) return;
    // BEP 27: asked before we knew that the torrent is private, and not the one that we keep.
    if (this.#isPrivate && answered !== this.#tiers[0]?.current) {
      if (answered.knowsUs) this.#leave(answered);
      return;
    }
    const tracker = redactedUrl(answered.url);
    this.#options.onNews({ tracker, kind: 'answered', text: counted(reply.peers.length, 'peer') });
    if (reply.warning !== null) this.#options.onNews({ tracker, kind: 'warned', text: reply.warning });
    this.#options.onPeers(believable(reply.peers, reply.reach), tracker);
  }

  /** Asks when it is the tracker's turn. `withdrawn` removes it from the queue. */
  async #ask(
    tracker: TierTracker,
    event: AnnounceEvent,
    signal: AbortSignal,
    withdrawn = signal,
  ): Promise<AnnounceReply> {
    const { shared, need } = this.#options;
    const { url } = tracker;
    const protocol = URL.canParse(url) ? new URL(url).protocol : null;
    const isUdp = protocol === 'udp:';
    if (!isUdp && protocol !== 'http:' && protocol !== 'https:') throw notSpoken(protocol);
    if (isUdp && shared.udp === null)
      throw new TrackerError('the proxy does not carry UDP', { lasting: true });
    // The tracker expects each of these once only.
    const isLast = event === 'stopped' || event === 'completed';
    return shared.announces.run({ url, need: need(), isLast, withdrawn }, () =>
      this.#announce(tracker, event, isUdp ? shared.udp : null, signal),
    );
  }

  /** Asks over each address family of the tracker; the first answer counts. */
  async #announce(
    tracker: TierTracker,
    event: AnnounceEvent,
    connections: UdpConnections | null,
    signal: AbortSignal,
  ): Promise<AnnounceReply> {
    const { infoHash, peerId, shared } = this.#options;
    const { lookUp, calendar, livedLater } = shared.environment;
    const { url } = tracker;
    const listening = await this.#options.port;
    // A proxy looks names up itself and chooses the address.
    const families = shared.udp === null ? [] : await familiesOf(url, shared.udp.from, lookUp, signal);
    const { uploaded, downloaded, left } = this.#options.progress();
    const announceOver = (family: 4 | 6 = 4): AnnounceRequest => ({
      infoHash,
      peerId,
      // The router forwards a port of its IPv4 address only: over IPv6 peers come to our own address.
      port: (family === 4 ? this.#options.externalPort?.() : null) ?? listening,
      uploaded,
      downloaded,
      left,
      event,
      numwant: event === 'stopped' ? 0 : TRACKER_NUMWANT_PEERS,
      key: this.#key,
    });
    const ask = (family?: 4 | 6): Promise<AnnounceReply> => {
      const announce = announceOver(family ?? families[0]);
      // The number of tries limits its time.
      if (connections !== null) return udpAnnounce(url, announce, { signal, connections, ...of(family) });
      return withDeadline(
        TRACKER_TIMEOUT_MS,
        signal,
        (inTime) =>
          httpAnnounce(url, announce, tracker.trackerId, this.#options.http, {
            signal: inTime,
            calendar,
            ...of(family),
          }),
        livedLater,
      );
    };
    return overFamilies(families, ask, (more) => this.#tell(tracker, more));
  }
}

function of(family: 4 | 6 | undefined): { readonly family?: 4 | 6 } {
  return family === undefined ? {} : { family };
}

function notSpoken(protocol: string | null): TrackerError {
  const kind = printable(protocol ?? '').slice(0, 20);
  return new TrackerError(
    protocol === null ? 'its URL is not valid' : `trackers of the kind "${kind}" are not supported`,
    { retryMs: Number.POSITIVE_INFINITY },
  );
}

function nextTryText(ms: number | null): string {
  if (ms === null) return '';
  return ms === Number.POSITIVE_INFINITY ? '; it is not asked again' : `; next try in ${formatTime(ms)}`;
}

function shuffled(tier: readonly string[], randomBelow: Environment['randomBelow']): string[] {
  const trackers = [...tier];
  for (let i = trackers.length - 1; i > 0; i--) {
    const j = randomBelow(i + 1);
    [trackers[i], trackers[j]] = [trackers[j] as string, trackers[i] as string];
  }
  return trackers;
}
