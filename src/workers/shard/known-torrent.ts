/** What a shard knows of a torrent: with a magnet link nothing at first, then its pieces and, where there is one, the download of them. */
import type { Clock } from '../../shared/clock.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../shared/indices.ts';
import { Ledger } from '../../shared/ledger.ts';
import type { FullPiece, ShardTorrent } from '../../shared/messages.ts';
import { NOTHING_PUBLIC, type Offer, type PublicOffer } from '../peer/greeting.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerTorrent } from '../peer/peer-host.ts';
import { FirstBlockProbe } from '../requests/first-block-probe.ts';
import type { Requester } from '../requests/requester.ts';
import { ShardDownload } from '../requests/shard-download.ts';
import { UNKNOWN_TORRENT } from '../requests/unknown-torrent.ts';
import { type SwarmCount, UNCOUNTED } from './swarm-count.ts';
import { EVERYTHING, type WantedPieces } from './wanted-pieces.ts';

/** What the requests of a shard need of it. */
export interface RequestSetup {
  readonly shard: ShardId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFull: (full: FullPiece) => void;
}

type Peers = ReadonlyMap<PeerIndex, PeerDriver>;

export class KnownTorrent implements PeerTorrent {
  pieceCount: number | null = null;
  info: Uint8Array | null = null;
  requester: Requester = UNKNOWN_TORRENT;
  wanted: WantedPieces = EVERYTHING;
  swarm: SwarmCount = UNCOUNTED;
  #publicOffer: PublicOffer;
  #download: ShardDownload | null = null;

  constructor({ pex, dht }: PublicOffer) {
    this.#publicOffer = { pex, dht };
  }

  get offer(): Offer {
    const bitfield = this.#download?.bitfield ?? null;
    return { metadataBytes: this.info?.length ?? null, ...this.#publicOffer, bitfield };
  }

  /** A race alone asks each peer for one block and downloads nothing. */
  get isDownloaded(): boolean {
    return this.#download !== null;
  }

  /** Pieces are being downloaded by this shard. */
  get isWorking(): boolean {
    return this.#download?.isWorking === true;
  }

  /** From now on there is something to ask these peers for. Called once. */
  begin(
    { geometry, info, download, private: isPrivate }: ShardTorrent,
    setup: RequestSetup,
    peers: Peers,
  ): void {
    if (isPrivate) this.#publicOffer = NOTHING_PUBLIC;
    this.pieceCount = geometry.pieceCount;
    this.info = new Uint8Array(info);
    if (download === null) this.requester = new FirstBlockProbe(geometry, setup.clock, setup.random);
    else {
      this.#download = new ShardDownload({ ...download, ...setup });
      this.wanted = new Ledger(download.ledger);
      this.swarm = this.#download;
      this.requester = this.#download.requester;
    }
    for (const peer of [...peers.values()]) peer.torrentKnown(geometry.pieceCount);
    this.#download?.tellFound(peers);
  }

  /** These pieces are verified; others may have failed, and slots are free again. */
  verdicts(verified: readonly PieceIndex[], peers: Peers): void {
    this.#download?.verdicts(verified, peers);
  }
}
