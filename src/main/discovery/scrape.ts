/** The figures of trackers about a torrent, without an announce: BEP 48 over HTTP, BEP 15's scrape over UDP. */
import { field, integerField, isDict } from '../../shared/bencode.ts';
import type { Clock } from '../../shared/clock.ts';
import { withDeadline } from '../../shared/deadline.ts';
import { TRACKER_TIMEOUT_MS } from '../../shared/limits.ts';
import { redactedUrl } from '../text/foreign-text.ts';
import { type Scrape, TrackerError } from './announce.ts';
import type { Environment } from './environment.ts';
import {
  askTracker,
  decodedAnswer,
  percentEncoded,
  statusError,
  type TrackerHttp,
  throwIfRefused,
  withQuery,
} from './http-tracker.ts';
import { REAL_ENVIRONMENT } from './real-environment.ts';
import { boundedTiers } from './tracker-bounds.ts';
import { UdpConnections } from './udp-connections.ts';
import { udpScrape } from './udp-tracker.ts';

/** One tracker's answer; `error` if there is none. */
export interface Scraped {
  /** Without secrets. */
  readonly tracker: string;
  readonly scrape: Scrape | null;
  readonly error: string | null;
}

/** Asks all trackers at once, each with a time-out, and no more trackers than an announce would. Never rejects. */
export function scrapeAll(
  trackers: readonly string[],
  infoHash: Uint8Array,
  http: TrackerHttp,
  udp: { readonly from: string | null } | null,
  environment: Environment = REAL_ENVIRONMENT,
): Promise<Scraped[]> {
  const connections = udp === null ? null : new UdpConnections(environment, udp.from);
  const scrapes = boundedTiers([trackers])
    .flat()
    .map(async (tracker) => {
      const shown = redactedUrl(tracker);
      try {
        const scrape = await scrapeOne(tracker, infoHash, http, connections, environment);
        return { tracker: shown, scrape, error: null };
      } catch (error) {
        if (!(error instanceof TrackerError)) throw error;
        return { tracker: shown, scrape: null, error: error.message };
      }
    });
  return Promise.all(scrapes).finally(() => connections?.close());
}

function scrapeOne(
  tracker: string,
  infoHash: Uint8Array,
  http: TrackerHttp,
  connections: UdpConnections | null,
  { calendar, livedLater }: Environment,
): Promise<Scrape> {
  const scrape = async (signal: AbortSignal): Promise<Scrape> => {
    if (/^udp:/i.test(tracker) && connections !== null)
      return udpScrape(tracker, infoHash, { signal, connections });
    if (/^https?:/i.test(tracker)) return httpScrape(tracker, infoHash, http, signal, calendar);
    throw new TrackerError('trackers of this kind cannot be scraped');
  };
  return withDeadline(TRACKER_TIMEOUT_MS, null, scrape, livedLater);
}

/** The last part of the path must begin with `announce`; `scrape` replaces it. */
export function scrapeUrl(announce: string): string | null {
  const match = /^([^?#]*\/)announce([^/?#]*)(\?[^#]*)?(?:#.*)?$/s.exec(announce);
  return match === null ? null : `${match[1]}scrape${match[2]}${match[3] ?? ''}`;
}

async function httpScrape(
  tracker: string,
  infoHash: Uint8Array,
  http: TrackerHttp,
  signal: AbortSignal,
  calendar: Clock,
): Promise<Scrape> {
  const url = scrapeUrl(tracker);
  if (url === null) throw new TrackerError('its URL has no scrape path');
  const asked = withQuery(url, `info_hash=${percentEncoded(infoHash)}`);
  const answer = await askTracker('scrape', asked, http, { signal });
  return readScrape(answer.body, infoHash, answer.status, statusError(answer, calendar()));
}

/** Reads the answer of an HTTP scrape. Throws TrackerError, also if the tracker refuses. `failure`: for a status other than 200. */
export function readScrape(
  body: Uint8Array,
  infoHash: Uint8Array,
  status = 200,
  failure = statusError({ status, headers: {} }, 0),
): Scrape {
  const value = decodedAnswer(body, status === 200 ? null : failure);
  // As with an announce, the reason may come with any status.
  if (isDict(value)) throwIfRefused(value, 'files', failure);
  if (status !== 200) throw failure;
  const files = isDict(value) ? field(value, 'files') : undefined;
  const torrents = isDict(files) ? Object.entries(files) : [];
  // The keys are raw info hashes, which a text decoder damages. We ask for one torrent, so there is one answer.
  const [only] = torrents;
  if (torrents.length !== 1 || only === undefined || !isDict(only[1]))
    throw new TrackerError(`it does not know the torrent ${Buffer.from(infoHash).toString('hex')}`);
  return {
    seeders: integerField(only[1], 'complete') ?? 0,
    leechers: integerField(only[1], 'incomplete') ?? 0,
    completed: integerField(only[1], 'downloaded') ?? 0,
  };
}
