/** The UDP announce and scrape (BEP 15). */

import type { Reach } from '../../shared/address-rules.ts';
import { isSix } from '../../shared/ip-address.ts';
import {
  MAX_TRACKER_ADDRESSES,
  TRACKER_HEAD_START_MS,
  UDP_TRACKER_FIRST_WAIT_MS,
} from '../../shared/limits.ts';
import { LookUpError } from '../../shared/name-lookup.ts';
import { type PinnedHost, pinHost } from '../../shared/pinned-hosts.ts';
import { type AnnounceReply, type AnnounceRequest, type Scrape, TrackerError } from './announce.ts';
import { trackerRefusal } from './local-tracker.ts';
import { staggered } from './staggered.ts';
import type { AskOptions, UdpConnections } from './udp-connections.ts';
import {
  ACTION,
  ANNOUNCE_REPLY_HEAD_BYTES,
  announceRequest,
  readAnnounceReply,
  readScrapeReply,
  SCRAPE_REPLY_BYTES,
  scrapeRequest,
} from './udp-packets.ts';

/** How to reach a tracker over UDP. */
export interface UdpRoute {
  readonly signal: AbortSignal;
  readonly connections: UdpConnections;
  /** Only addresses of this family; both if it is not given. */
  readonly family?: 4 | 6;
  /** For tests. */
  readonly firstWaitMs?: number;
}

/** Announces once. Rejects with TrackerError. */
export function udpAnnounce(url: string, announce: AnnounceRequest, route: UdpRoute): Promise<AnnounceReply> {
  return conversation(url, route, async (target, options) => {
    const { address, reach, path } = target;
    const question = {
      action: ACTION.announce,
      make: announceRequest(announce, path),
      least: ANNOUNCE_REPLY_HEAD_BYTES,
      read: (reply: Buffer) => readAnnounceReply(reply, isSix(address)),
    };
    return { ...(await route.connections.ask(target, question, options)), reach };
  });
}

/** Asks how many seeds and leeches a torrent has. Rejects with TrackerError. */
export function udpScrape(url: string, infoHash: Uint8Array, route: UdpRoute): Promise<Scrape> {
  const question = {
    action: ACTION.scrape,
    make: scrapeRequest(infoHash),
    least: SCRAPE_REPLY_BYTES,
    read: readScrapeReply,
  };
  return conversation(url, route, (target, options) => route.connections.ask(target, question, options));
}

type Talk<Answer> = (target: Target, options: AskOptions) => Promise<Answer>;

/** Asks the addresses one after the other, a moment apart. The first one that answers is the tracker. */
async function conversation<Answer>(url: string, route: UdpRoute, talk: Talk<Answer>): Promise<Answer> {
  const targets = await targetsOf(url, route);
  const over = new AbortController();
  const abort = (): void => over.abort();
  if (route.signal.aborted) abort();
  route.signal.addEventListener('abort', abort, { once: true });
  const options = { signal: over.signal, firstWaitMs: route.firstWaitMs ?? UDP_TRACKER_FIRST_WAIT_MS };
  try {
    return await staggered(targets, TRACKER_HEAD_START_MS, route.connections.environment.later, (target) =>
      talk(target, options),
    );
  } finally {
    abort();
    route.signal.removeEventListener('abort', abort);
  }
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly reach: Reach;
  /** Path and query of the URL. */
  readonly path: string;
}

/** The addresses to ask, IPv4 first: those that may be asked and are as near as the first one. */
async function targetsOf(url: string, { signal, connections, family }: UdpRoute): Promise<Target[]> {
  const { environment, from } = connections;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) throw new TrackerError('its URL is not valid', { lasting: true });
  if (parsed.port === '') throw new TrackerError('its URL has no port', { lasting: true });
  if (parsed.port === '0')
    throw new TrackerError('its URL has port 0, where no program can listen', { lasting: true });
  const { pathname } = parsed;
  let pinned: PinnedHost;
  try {
    pinned = await pinHost(parsed, signal, family ?? null, environment.lookUp);
  } catch (error) {
    const lasting = error instanceof LookUpError && error.unknown;
    throw new TrackerError((error as Error).message, { cause: error, lasting });
  }
  const { reach } = pinned;
  const refusal = pathname === '' || pathname === '/' ? null : trackerRefusal('announce', pathname, reach);
  if (refusal !== null) throw new TrackerError(refusal, { lasting: true });
  const reachable = pinned.addresses.filter(
    ({ family: its }) => from === null || (isSix(from) ? 6 : 4) === its,
  );
  if (reachable.length === 0)
    throw new TrackerError(`${from} cannot reach an address of the other family`, { lasting: true });
  const [port, path] = [Number(parsed.port), pathname + parsed.search];
  return reachable.slice(0, MAX_TRACKER_ADDRESSES).map(({ address }) => ({ address, port, reach, path }));
}
