/** What a shard knows of a torrent: with a magnet link nothing at first, then its pieces and, where there is one, the download of them. */
import type { Clock } from '../../shared/clock.ts';
import type { ClusterCommand, ClusterEvent } from '../../shared/cluster-messages.ts';
import type { Geometry } from '../../shared/geometry.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../shared/indices.ts';
import { Ledger } from '../../shared/ledger.ts';
import { NODE_PROOF_MS } from '../../shared/limits.ts';
import type {
  FullPiece,
  GivenFiles,
  ShardTorrent,
  TorrentCommand,
  TorrentEntry,
} from '../../shared/messages.ts';
import type { PieceSide } from '../../shared/reserved-pieces.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { NOTHING_PUBLIC, type Offer, type PublicOffer } from '../peer/greeting.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerTorrent } from '../peer/peer-host.ts';
import { FirstBlockProbe } from '../requests/first-block-probe.ts';
import { NO_REQUESTER } from '../requests/no-requester.ts';
import type { RequestPace } from '../requests/request-pace.ts';
import type { Requester } from '../requests/requester.ts';
import { ShardDownload } from '../requests/shard-download.ts';
import { FoundNews } from '../uploads/found-news.ts';
import { OurPieces, tellPieces } from '../uploads/our-pieces.ts';
import { NO_UPLOADS, type Uploads } from '../uploads/served-peer.ts';
import { SuperSeeding } from '../uploads/super-seeding.ts';
import type { TorrentUploads } from '../uploads/torrent-uploads.ts';
import { NodePeers } from './node-peers.ts';
import type { ShardThread } from './shard-thread.ts';
import { type SwarmCount, UNCOUNTED } from './swarm-count.ts';
import { EVERYTHING, NOTHING, type WantedPieces } from './wanted-pieces.ts';
import type { WorkingPeers } from './working-peers.ts';

/** What the requests of a shard need of it. */
export interface RequestSetup {
  readonly shard: ShardId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pace: RequestPace;
  readonly onFull: (full: FullPiece) => void;
  /** The uploads of these files to peers. */
  readonly uploadsOf: (
    files: GivenFiles,
    geometry: Geometry,
    pieces: OurPieces,
    offers: SuperSeeding | null,
  ) => TorrentUploads;
}

type Thread = Pick<ShardThread, 'world' | 'listeningPort' | 'routerPort' | 'isOpen'>;
type Peers = ReadonlyMap<PeerIndex, PeerDriver>;
type KnownCommand = Extract<
  TorrentCommand,
  { type: 'verdicts' | 'seed' | 'choose' | ClusterCommand['type'] }
>;

export class KnownTorrent implements PeerTorrent {
  pieceCount: number | null = null;
  info: Uint8Array | null = null;
  requester: Requester = NO_REQUESTER;
  wanted: WantedPieces = EVERYTHING;
  swarm: SwarmCount = UNCOUNTED;
  readonly nodes: NodePeers;
  #publicOffer: PublicOffer;
  /** Where peers of this torrent reach us, and whether they may be nodes. */
  readonly #where: () => Pick<Offer, 'port' | 'routerPort' | 'isHidden' | 'cluster'>;
  readonly #clock: Clock;
  #ledger: Ledger | null = null;
  #download: ShardDownload | null = null;
  #pieces: OurPieces | null = null;
  #uploads: TorrentUploads | null = null;
  #super: SuperSeeding | null = null;
  #found: FoundNews | null = null;

  /** `tell`: main. */
  constructor(
    entry: TorrentEntry,
    thread: Thread,
    working: WorkingPeers,
    tell: (event: ClusterEvent) => void,
  ) {
    const { pex, dht, holepunch, cluster } = entry;
    this.nodes = new NodePeers(this, working, tell);
    this.#publicOffer = { pex, dht, holepunch };
    this.#clock = thread.world.clock;
    this.#where = () => ({
      port: entry.accepts ? thread.listeningPort : null,
      routerPort: entry.accepts ? thread.routerPort : null,
      isHidden: holepunch && !thread.isOpen,
      cluster,
    });
  }

  get offer(): Offer {
    const told = this.#super === null ? this.#pieces : null;
    const bitfield = told?.bitfield ?? null;
    const complete = told?.complete === true;
    const metadataBytes = this.info?.length ?? null;
    return { metadataBytes, ...this.#publicOffer, bitfield, complete, ...this.#where() };
  }

  get isSeed(): boolean {
    return this.wanted === NOTHING;
  }

  get uploads(): Uploads {
    return this.#uploads ?? NO_UPLOADS;
  }

  mayBeNode({ state, extensions, isNode }: PeerDriver): boolean {
    if (isNode || !this.#where().cluster) return isNode;
    const isNew = this.#clock() - (state.timeline.handshaken ?? this.#clock()) < NODE_PROOF_MS;
    return isNew && extensions?.mayBeNode !== false;
  }

  mayComeFrom(side: PieceSide, piece: number): boolean {
    return this.#ledger?.reserved.isClosed(side, piece) !== true;
  }

  /** A race alone asks each peer for one block and keeps nothing. */
  get isDownloaded(): boolean {
    return this.#download !== null || this.#pieces !== null;
  }

  /** Pieces are being downloaded by this shard, or peers want some of it. */
  get isWorking(): boolean {
    return this.#download?.isWorking === true || this.#uploads?.isWorking === true;
  }

  /** From now on there is something to ask these peers for. Called once. */
  begin(
    { geometry, info, download, given, private: isPrivate }: ShardTorrent,
    setup: RequestSetup,
    peers: Peers,
  ): void {
    if (isPrivate) this.#publicOffer = NOTHING_PUBLIC;
    this.pieceCount = geometry.pieceCount;
    this.info = new Uint8Array(info);
    if (download !== null)
      this.#begins(new ShardDownload({ ...download, ...setup }), new Ledger(download.ledger));
    else if (given === null) this.requester = new FirstBlockProbe(geometry, setup.clock, setup.random);
    else this.wanted = NOTHING;
    if (given !== null) {
      const pieces = new OurPieces(new Ledger(given.ledger), given.kept);
      this.#pieces = pieces;
      if (given.superSeed === true) {
        this.#super = new SuperSeeding(geometry.pieceCount, (piece) => pieces.has(piece), setup.random);
        this.swarm = this.#super;
      }
      this.#uploads = setup.uploadsOf(given, geometry, this.#pieces, this.#super);
    }
    for (const peer of [...peers.values()]) peer.torrentKnown(geometry.pieceCount);
    if (this.#pieces !== null && this.#super === null)
      this.#found = new FoundNews(this.#pieces, peers.values());
    for (const peer of peers.values()) this.uploads.interestChanged(peer);
  }

  #begins(download: ShardDownload, ledger: Ledger): void {
    this.#download = download;
    this.#ledger = ledger;
    this.wanted = ledger;
    this.swarm = download;
    this.requester = download.requester;
  }

  /** What main says about pieces, and about who may request blocks. */
  command(command: KnownCommand, peers: Peers): void {
    switch (command.type) {
      case 'verdicts':
        return this.#verdicts(command.verified, command.withheld, peers);
      case 'seed':
        return this.#seed(command.files, peers);
      case 'choose':
        return this.#uploads?.choose(command, (index) => peers.get(index));
      default:
        return this.nodes.command(command, peers.get(command.peer));
    }
  }

  /** The download is complete. What is still on its way is thrown away. */
  #seed(files: readonly StoredFile[], peers: Peers): void {
    for (const peer of peers.values()) this.requester.giveBack(peer);
    this.#download = null;
    this.wanted = NOTHING;
    this.swarm = UNCOUNTED;
    // What it got still counts.
    const { blockBytes, wastedBytes } = this.requester;
    this.requester = { ...NO_REQUESTER, blockBytes, wastedBytes };
    this.#uploads?.rename(files);
    for (const peer of [...peers.values()]) {
      peer.reviewUse();
      // Now it says that we want nothing (BEP 21).
      peer.offerAgain();
    }
  }

  /** These pieces are verified; others may have failed, and slots are free again. */
  #verdicts(verified: readonly PieceIndex[], withheld: readonly PieceIndex[], peers: Peers): void {
    this.#pieces?.withhold(withheld);
    const ours = (piece: PieceIndex): boolean => this.#pieces?.has(piece) === true;
    tellPieces(verified.filter(ours), peers.values());
    // BEP 16: a seed that offers one piece at a time waits for the word that it has arrived, also where we do not keep it.
    const others = verified.filter((piece) => !ours(piece));
    for (const piece of others)
      tellPieces(
        [piece],
        [...peers.values()].filter(({ pieces }) => pieces.has(piece)),
      );
    this.#download?.verdicts();
  }

  /** A peer says that it has this piece. */
  peerHas(peer: PeerDriver, piece: number): void {
    this.#super?.told(peer, piece, this.#clock());
  }

  peerLeft(peer: PeerDriver): void {
    this.swarm.countPieces(peer.pieces, -1);
    this.uploads.left(peer);
    this.nodes.left(peer);
    this.#super?.left(peer);
    this.#found?.left(peer);
  }

  tick(now: number, peers: Peers): void {
    this.requester.tick(now);
    this.#super?.tick(peers.values(), now);
    this.#found?.tick();
    this.#uploads?.tick(now);
    this.nodes.tick();
  }

  /** Nothing more is given. */
  close(): void {
    this.#uploads?.close();
  }
}
