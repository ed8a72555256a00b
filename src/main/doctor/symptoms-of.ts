/** Collects the symptoms from the parts of a run. */
import { reachOf } from '../../shared/address-rules.ts';
import { CLOSE_CODES } from '../../shared/close-reason.ts';
import type { PeerOutcome, ShardStats } from '../../shared/messages.ts';
import { proxyFault } from '../../shared/proxy-words.ts';
import { USER } from '../discovery/peer-source.ts';
import type { Race } from '../race/race.ts';
import type { TorrentSwarm } from '../session/torrent-swarm.ts';
import { redactedUrl } from '../text/foreign-text.ts';
import { fateOf, fatesOf, NO_WAY } from './fates.ts';
import type { Choices, Place, Sources, Symptoms } from './symptoms.ts';
import type { TrackerState } from './tracker-log.ts';

export interface RunSymptoms extends Pick<Symptoms, 'metadataSearch' | 'check' | 'download' | 'dataArrives'> {
  readonly heard: readonly TrackerState[];
  readonly longer: string | null;
}

export function symptomsOf(swarm: TorrentSwarm, run: RunSymptoms): Symptoms {
  const { race, session } = swarm;
  const { metadataSearch, check, download, dataArrives } = run;
  const stats = sumsOf(race);
  const outcomes = [...race.peers.outcomes];
  const inSession = stats.choked + stats.unchoked;
  return {
    ...{ metadataSearch, check, download, dataArrives, inSession },
    choices: choicesOf(swarm, run.longer),
    sources: sourcesOf(swarm, run.heard),
    place: placeOf(swarm, run.heard, outcomes, inSession),
    known: race.peers.knownCount,
    blocked: race.peers.blocked,
    undialled: swarm.undialled,
    fates: fatesOf({
      known: race.peers.knownCount,
      outcomes,
      isRetrying: ({ peer }) => race.peers.isRetrying(peer),
      stats,
      now: session.world.now(),
    }),
    brokenRules: [...new Set(outcomes.filter(isRude).map(({ reason }) => CLOSE_CODES[reason.code]))],
    withoutPieces: metadataSearch === null ? stats.withoutPieces : null,
    usedUpLimit: session.uploads.isLimitUsedUp ? session.settings.uploadLimit : null,
    shortages: stats.shortages,
    lagP99Ms: stats.lagP99Ms,
    lagMaxMs: stats.lagMaxMs,
  };
}

function isRude({ reason }: PeerOutcome): boolean {
  return fateOf(reason) === 'rude';
}

/** Of all shards; of the delays, the longest counts. */
function sumsOf(race: Race): ShardStats {
  const stats = race.shardStats.filter((entry) => entry !== null);
  const sum = (name: keyof ShardStats) => stats.reduce((total, entry) => total + entry[name], 0);
  const most = (name: keyof ShardStats) => Math.max(0, ...stats.map((entry) => entry[name]));
  return {
    queued: sum('queued'),
    dialing: sum('dialing'),
    handshaking: sum('handshaking'),
    choked: sum('choked'),
    unchoked: sum('unchoked'),
    dialed: sum('dialed'),
    connected: sum('connected'),
    handshaken: sum('handshaken'),
    everUnchoked: sum('everUnchoked'),
    blockBytes: sum('blockBytes'),
    wastedBytes: sum('wastedBytes'),
    nodeBytes: sum('nodeBytes'),
    sentBytes: sum('sentBytes'),
    redialing: sum('redialing'),
    refusedTcp: sum('refusedTcp'),
    failedTcp: sum('failedTcp'),
    hungUpTcp: sum('hungUpTcp'),
    withoutPieces: sum('withoutPieces'),
    shortages: sum('shortages'),
    activeMs: sum('activeMs'),
    lagP50Ms: most('lagP50Ms'),
    lagP99Ms: most('lagP99Ms'),
    lagMaxMs: most('lagMaxMs'),
  };
}

function choicesOf({ session, race }: TorrentSwarm, longer: string | null): Choices {
  const { settings, carriesPeers } = session;
  const { encryption, proxy, interface: address, announceAll, halfOpen, dht, trackers } = settings;
  return {
    ...{ encryption, interface: address, announceAll, halfOpen, longer },
    proxy: proxy === null ? null : { url: redactedUrl(proxy), carriesPeers },
    dhtIsOff: !dht,
    trackersAreOff: !trackers,
    namesPeers: race.peers.all.some(({ source }) => source === USER),
    namesNodes: settings.dhtBootstrap.length > 0,
  };
}

function sourcesOf({ discovery, named }: TorrentSwarm, heard: readonly TrackerState[]): Sources {
  const { asking, alsoAsks, trackers: asked } = discovery;
  return { ...named, ...alsoAsks, asked, askingTrackers: asking.trackers, askingDht: asking.dht, heard };
}

function placeOf(
  { race, session, discovery }: TorrentSwarm,
  heard: readonly TrackerState[],
  outcomes: readonly PeerOutcome[],
  inSession: number,
): Place {
  const own = session.world.ownAddresses();
  const { interface: address } = session.settings;
  const details = outcomes.map(({ reason }) => reason.detail ?? '');
  const lacked = details.map((detail) => NO_WAY.exec(detail)?.[1]).find((family) => family !== undefined);
  const words = [...details, ...heard.filter(({ answered }) => !answered).map(({ text }) => text)];
  return {
    isOnline: own === null || own.some((one) => reachOf(one) !== 'loopback' && !one.startsWith('fe80:')),
    needsOthers:
      race.peers.all.some(({ host }) => reachOf(host) !== 'loopback') ||
      // With peers of this machine alone, the network is not what is missing.
      (inSession === 0 && (discovery.alsoAsks.dht || heard.some(({ tracker }) => isElsewhere(tracker)))),
    interfaceIsGone:
      address !== null && own !== null && reachOf(address) !== 'loopback' && !own.includes(address),
    lackedFamily: lacked === undefined ? null : lacked === '4' ? 4 : 6,
    proxySays: words.find((text) => proxyFault(text) !== null)?.replace(/^proxy: /, '') ?? null,
  };
}

/** A tracker that is not on this machine; a name without an address is looked up elsewhere. */
function isElsewhere(tracker: string): boolean {
  if (!URL.canParse(tracker)) return false;
  const host = new URL(tracker).hostname.replace(/^\[|\]$/g, '');
  return host !== '' && host !== 'localhost' && reachOf(host) !== 'loopback';
}
