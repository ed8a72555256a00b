/** Why a run makes no progress: a pure function from figures to sentences, the likeliest cause first. */
import { formatDuration, formatSize } from '../text/units.ts';
import type { Symptoms, TrackerState } from './symptoms.ts';

export const DIAGNOSES = [
  'no-source',
  'dns',
  'clock',
  'trackers-failed',
  'trackers-empty',
  'all-time-out',
  'all-refuse',
  'all-hang-up',
  'wrong-torrent',
  'all-choke',
  'no-metadata',
  'missing-pieces',
  'disk-slow',
  'descriptors',
  'event-loop',
] as const;
export type DiagnosisCode = (typeof DIAGNOSES)[number];

export interface Diagnosis {
  readonly code: DiagnosisCode;
  /** The cause, with its figures. */
  readonly text: string;
  /** What the user can try. */
  readonly advice: string;
}

/** A share above this makes it the cause. */
const MOST = 0.6;
const LAG_P99_MS = 150;
const LAG_MAX_MS = 1_000;
/** If this share of `--memory` waits for the disk, the disk is the bottleneck. */
const FULL_SHARE = 0.75;
const NAMED_TRACKERS = 3;

const DNS = /cannot be looked up|ENOTFOUND|EAI_AGAIN/;
const CLOCK = /CERT_NOT_YET_VALID|CERT_HAS_EXPIRED|certificate (?:has expired|is not yet valid)/i;

type Rule = (symptoms: Symptoms) => Omit<Diagnosis, 'code'> | null;

const RULES: Readonly<Record<DiagnosisCode, Rule>> = {
  'no-source': ({ known, trackers, hasOtherSources, searching, download }) =>
    known > 0 || trackers.length > 0 || hasOtherSources || searching || download?.hasWebSeeds === true
      ? null
      : {
          text: 'there is no source of peers: no tracker, no DHT, no local discovery, no --peer',
          advice: 'remove --no-dht and --no-trackers, or name peers with --peer',
        },
  dns: (symptoms) => {
    const failed = failedOnly(symptoms).filter(({ text }) => DNS.test(text));
    if (failed.length === 0) return null;
    return {
      text: `${failed.length === 1 ? 'the name of the tracker' : `the names of ${failed.length} trackers`} cannot be looked up: ${named(failed)}`,
      advice: 'check the network and its DNS server, or find peers through the DHT',
    };
  },
  clock: (symptoms) => {
    const failed = failedOnly(symptoms).filter(({ text }) => CLOCK.test(text));
    if (failed.length === 0) return null;
    return {
      text: `certificates are not valid at the time of our clock, ${new Date().toISOString()}: ${named(failed)}`,
      advice:
        'check the clock of this machine; if it is right, the certificate of the tracker is out of date',
    };
  },
  'trackers-failed': (symptoms) => {
    const failed = failedOnly(symptoms).filter(({ text }) => !DNS.test(text) && !CLOCK.test(text));
    if (failed.length === 0 || symptoms.known > 0) return null;
    return {
      text: `none of ${failed.length} trackers answered: ${named(failed)}`,
      advice: 'try later, use the DHT (remove --no-dht), or name peers with --peer',
    };
  },
  'trackers-empty': ({ trackers, known }) => {
    const answered = trackers.filter((one) => one.answered);
    if (answered.length === 0 || known > 0) return null;
    return {
      text: `${answered.length} trackers or DHTs answered, but none of them knows a peer: ${named(answered)}`,
      advice: 'this torrent may have no seeds any more; the DHT and --announce-all may find more peers',
    };
  },
  'all-time-out': ({ dialled, connected, dialing, lost }) => {
    const silent = lost('dialing', 'connect-timeout') + dialing;
    if (connected > 0 || dialled === 0 || silent < MOST * dialled) return null;
    return {
      text: `${silent} of ${dialled} peers do not answer our connections`,
      advice:
        'a firewall may block us, or the addresses are old; try --proxy, --half-open 50 behind a small router, or --port with an open port',
    };
  },
  'all-refuse': ({ dialled, connected, lost }) => {
    // Addresses of a family that this machine does not have are not dialled.
    const notDialled = lost('queued', 'unreachable');
    const refused = lost('dialing', 'refused') + lost('dialing', 'unreachable') + notDialled;
    const tried = dialled + notDialled;
    if (connected > 0 || tried === 0 || refused < MOST * tried) return null;
    return {
      text: `${refused} of ${tried} peers refuse: no program listens on their ports any more, or their hosts cannot be reached`,
      advice: 'the list of peers is old; use more trackers (--announce-all) or the DHT',
    };
  },
  'all-hang-up': ({ connected, handshaken, lost, encryption }) => {
    const gone = lost('handshaking', 'closed-by-peer') + lost('handshaking', 'reset');
    if (handshaken > 0 || connected === 0 || gone === 0) return null;
    return {
      text: `${connected} peers connected, but ${gone} closed the connection before a handshake`,
      advice:
        encryption === 'off'
          ? 'they may require encryption: remove --encryption off'
          : 'they may be full, no longer have this torrent, or ban us; more peers may help',
    };
  },
  'wrong-torrent': ({ connected, handshaken, lost }) => {
    const wrong = lost('handshaking', 'wrong-info-hash') + lost('handshaking', 'not-bittorrent');
    if (handshaken > 0 || wrong < MOST * connected || wrong === 0) return null;
    return {
      text: `${wrong} of ${connected} peers that answered serve another torrent or another protocol`,
      advice: 'check that these peers belong to this torrent',
    };
  },
  'all-choke': ({ handshaken, unchoked, inSession, lost }) => {
    if (handshaken === 0 || unchoked > 0) return null;
    const left = lost('choked', 'closed-by-peer') + lost('choked', 'reset');
    return {
      text: `${handshaken} peers completed the handshake, but none unchoked us: ${inSession} choke us now, ${left} closed the connection`,
      advice:
        'seeds serve peers in turn, sometimes after minutes: wait (--first-unchoke-timeout 0), or find more peers',
    };
  },
  'no-metadata': ({ metadataSearch, handshaken }) => {
    if (metadataSearch === null || handshaken === 0) return null;
    const { offers, refusing, silent, left, wrong } = metadataSearch;
    if (wrong > 0 && refusing + silent + wrong >= offers) {
      return {
        text: `${wrong} peers sent wrong metadata for this magnet link: it failed the hash check`,
        advice: 'other peers may have the right metadata: find more peers, or a .torrent file',
      };
    }
    if (offers > 0) {
      if (refusing + silent < offers) return null;
      return {
        text: `${offers} peers say that they have the metadata of this magnet link, but none sends it: ${refusing} refuse, ${silent} do not answer`,
        advice: 'unchoke keeps asking them; a .torrent file or more peers would help',
      };
    }
    if (left > 0) {
      return {
        text: `${left} peers said that they have the metadata of this magnet link, but left without sending it`,
        advice: 'they may come back; a .torrent file or more peers would help',
      };
    }
    return {
      text: `${handshaken} peers completed the handshake, but none of them says that it has the metadata of this magnet link`,
      advice: 'they are looking for it themselves; a .torrent file or more peers would help',
    };
  },
  'missing-pieces': ({ download, inSession }) => {
    if (download === null || download.unavailable === 0 || download.hasWebSeeds || inSession === 0)
      return null;
    const { unavailable, missing, example } = download;
    return {
      text: `none of the ${inSession} connected peers has piece ${example}${unavailable > 1 ? `, nor ${unavailable - 1} others` : ''} of the ${missing} missing pieces`,
      advice: 'no connected peer is a seed: wait for one, or use more trackers and the DHT',
    };
  },
  'disk-slow': ({ download }) => {
    if (download === null || download.waitingBytes < FULL_SHARE * download.memoryBytes) return null;
    return {
      text: `the disk is slower than the network: ${formatSize(download.waitingBytes)} of ${formatSize(download.memoryBytes)} are waiting to be written`,
      advice: 'write to a faster disk; more --hashers or --memory help only with short pauses',
    };
  },
  descriptors: ({ shortages }) =>
    shortages === 0
      ? null
      : {
          text: `dialling paused ${shortages} times: this process ran out of file descriptors or ports`,
          advice: 'raise the limit (ulimit -n 65536), or dial fewer peers at one time with --half-open',
        },
  'event-loop': ({ lagP99Ms, lagMaxMs }) =>
    lagP99Ms < LAG_P99_MS && lagMaxMs < LAG_MAX_MS
      ? null
      : {
          text: `our threads are late: by ${formatDuration(lagP99Ms)} (p99), ${formatDuration(lagMaxMs)} at most`,
          advice: 'this machine is short of CPU, or was asleep: lower --max-peers, or stop other programs',
        },
};

/** Empty if nothing is wrong. */
export function diagnose(symptoms: Symptoms): Diagnosis[] {
  return DIAGNOSES.flatMap((code) => {
    const found = RULES[code](symptoms);
    return found === null ? [] : [{ code, ...found }];
  });
}

/** The lines for the user. */
export function diagnosisLines({ text, advice }: Diagnosis): string[] {
  return [`why: ${text}`, `     ${advice}`];
}

/** The failed trackers, if none has answered. */
function failedOnly({ trackers }: Symptoms): readonly TrackerState[] {
  return trackers.some(({ answered }) => answered) ? [] : trackers;
}

function named(trackers: readonly TrackerState[]): string {
  const shown = trackers.slice(0, NAMED_TRACKERS).map(({ tracker, text }) => `${tracker} (${text})`);
  const more = trackers.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
