/** The state of a run at one moment as plain figures: the only input of a diagnosis. */
import type { Encryption } from '../../shared/messages.ts';
import type { DownloadSymptoms } from '../download/download-symptoms.ts';
import type { MetadataSearch } from '../metadata/metadata-fetch.ts';
import type { DiskCheckState } from '../session/check-watch.ts';
import type { Fates } from './fates.ts';
import type { TrackerState } from './tracker-log.ts';

/** What the user has chosen, and what of it works for this torrent. An advice names no option that is given, and none that is not. */
export interface Choices {
  readonly encryption: Encryption;
  /** The proxy without secrets, and what it carries; null: none. */
  readonly proxy: { readonly url: string; readonly carriesPeers: boolean } | null;
  readonly interface: string | null;
  readonly announceAll: boolean;
  readonly halfOpen: number | null;
  /** With `--no-dht` and so on. */
  readonly dhtIsOff: boolean;
  readonly trackersAreOff: boolean;
  /** With `--peer`, and with `--dht-bootstrap`. */
  readonly namesPeers: boolean;
  readonly namesNodes: boolean;
  /** The option for a longer wait, such as `--for 2m`; null if it already waits for ever. */
  readonly longer: string | null;
}

/** What looks for peers in this run. */
export interface Sources {
  /** Trackers that the torrent names, asked or not. */
  readonly trackers: number;
  /** Trackers of the torrent and of `--tracker` that are asked, or are asked when others fail. */
  readonly asked: number;
  readonly dht: boolean;
  /** The local network. */
  readonly lsd: boolean;
  /** Only its trackers may name peers. */
  readonly private: boolean;
  /** A tracker is being asked; the first answer of the DHT is awaited. */
  readonly askingTrackers: boolean;
  readonly askingDht: boolean;
  /** What trackers and the DHT have said. */
  readonly heard: readonly TrackerState[];
}

/** This machine in the network. */
export interface Place {
  /** It has an address that reaches other machines. */
  readonly isOnline: boolean;
  /** A peer or a source is on another machine. */
  readonly needsOthers: boolean;
  /** The address of `--interface` is no longer an address of this machine. */
  readonly interfaceIsGone: boolean;
  /** The family that a dial needed and did not have; null: none. */
  readonly lackedFamily: 4 | 6 | null;
  /** What the proxy did, in the words of `proxy-words.ts`; null: nothing was wrong with it. */
  readonly proxySays: string | null;
}

export interface Symptoms {
  readonly choices: Choices;
  readonly sources: Sources;
  readonly place: Place;
  /** Data has arrived just now. */
  readonly dataArrives: boolean;
  readonly known: number;
  /** Addresses that the user's blocklist kept out. */
  readonly blocked: number;
  /** What an HTTP proxy cannot carry: addresses that were found and never dialled. */
  readonly undialled: number;
  readonly fates: Fates;
  /** The rules that peers broke, in words; each once. */
  readonly brokenRules: readonly string[];
  /** Connected peers, and those of them that have announced no piece; null: not known yet what a piece is. */
  readonly inSession: number;
  readonly withoutPieces: number | null;
  /** The search for the metadata of a magnet link; null if the metadata is known. */
  readonly metadataSearch: MetadataSearch | null;
  /** The check of what is on disk, which comes before the download; null while nothing is checked. */
  readonly check: DiskCheckState | null;
  /** Null where nothing is downloaded yet. */
  readonly download: DownloadSymptoms | null;
  /** The upload limit keeps data from peers that want it; null if it does not. Bytes per second. */
  readonly usedUpLimit: number | null;
  readonly shortages: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}
