/** The state of a run at one moment as plain figures: the only input of a diagnosis. */
import type { CloseCode, CloseStage } from '../../shared/close-reason.ts';
import type { Encryption, ShardStats } from '../../shared/messages.ts';
import type { TrackerNews } from '../discovery/announcer.ts';
import type { DownloadSymptoms } from '../download/download-symptoms.ts';
import type { MetadataSearch } from '../metadata/metadata-fetch.ts';
import type { SessionSettings, TorrentSettings } from '../session/settings.ts';
import type { TorrentSwarm } from '../session/torrent-swarm.ts';

export interface TrackerState {
  readonly tracker: string;
  readonly answered: boolean;
  /** Its last message. */
  readonly text: string;
}

export interface Symptoms {
  readonly trackers: readonly TrackerState[];
  /** True if there are other sources of peers. */
  readonly hasOtherSources: boolean;
  /** True if an answer of a source of peers is still awaited. */
  readonly searching: boolean;
  readonly known: number;
  readonly dialled: number;
  /** Dials in progress. */
  readonly dialing: number;
  readonly connected: number;
  readonly handshaken: number;
  readonly unchoked: number;
  readonly inSession: number;
  /** Number of peers lost in this way. */
  readonly lost: (stage: CloseStage, code: CloseCode) => number;
  readonly encryption: Encryption;
  /** The search for the metadata of a magnet link; null if the metadata is known. */
  readonly metadataSearch: MetadataSearch | null;
  /** Null where nothing is downloaded yet. */
  readonly download: DownloadSymptoms | null;
  readonly shortages: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

/** The last message of every tracker. */
export class TrackerLog {
  readonly #states = new Map<string, TrackerState>();

  hear({ tracker, kind, text }: TrackerNews): void {
    if (kind === 'warned') return;
    const answered = kind === 'answered' || (this.#states.get(tracker)?.answered ?? false);
    this.#states.set(tracker, { tracker, answered, text });
  }

  get states(): readonly TrackerState[] {
    return [...this.#states.values()];
  }
}

const LOST_STAGES = ['dialed', 'connected', 'handshaken', 'unchoked'] as const;

/** Collects the figures from the parts of a run. */
export function symptomsOf(
  { race, discovery }: TorrentSwarm,
  settings: { readonly session: SessionSettings; readonly torrent: TorrentSettings },
  more: Pick<Symptoms, 'trackers' | 'metadataSearch' | 'download'>,
): Symptoms {
  const { dht, lsd, encryption } = settings.session;
  const stats = race.shardStats.filter((entry) => entry !== null);
  const sum = (name: keyof ShardStats) => stats.reduce((total, entry) => total + entry[name], 0);
  const most = (name: keyof ShardStats) => Math.max(0, ...stats.map((entry) => entry[name]));
  const counts = new Map<string, number>();
  const lost = { dialed: 0, connected: 0, handshaken: 0, unchoked: 0 };
  for (const { reason, timeline } of race.peers.outcomes) {
    const key = `${reason.stage} ${reason.code}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const stage of LOST_STAGES) if (timeline[stage] !== null) lost[stage] += 1;
  }
  // A peer may be dialled several times, once per approach: peers are counted, not dials.
  const inSession = sum('choked') + sum('unchoked');
  const connected = inSession + sum('handshaking');
  return {
    ...more,
    hasOtherSources: dht || lsd || settings.torrent.peers.length > 0,
    searching: discovery.searching,
    encryption,
    known: race.peers.knownCount,
    dialled: lost.dialed + sum('dialing') + connected,
    dialing: sum('dialing'),
    connected: lost.connected + connected,
    handshaken: lost.handshaken + inSession,
    unchoked: lost.unchoked + sum('unchoked'),
    inSession,
    lost: (stage, code) => counts.get(`${stage} ${code}`) ?? 0,
    shortages: sum('shortages'),
    lagP99Ms: most('lagP99Ms'),
    lagMaxMs: most('lagMaxMs'),
  };
}
