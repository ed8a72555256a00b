/**
 * What is known of a torrent, and what its peers still have to send: the metadata of a magnet link (BEP 9), and then the piece
 * layers of version 2 (BEP 52). Peers get from us what we know.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { HashExchange } from '../hashes/hash-exchange.ts';
import type { MainWorld } from '../main-world.ts';
import type { Race } from '../race/race.ts';
import type { RaceListener } from '../race/race-options.ts';
import { metainfoOf } from '../torrent/from-metadata.ts';
import { isSelected, lacksPieceHashes, type Metainfo } from '../torrent/metainfo.ts';
import { hashesOf, type Source } from '../torrent/source.ts';
import { type MetadataSearch, NO_SEARCH } from './metadata-fetch.ts';
import { MetadataRace } from './metadata-race.ts';

export class TorrentKnowledge {
  readonly #source: Source;
  readonly #metadata: MetadataRace | null;
  readonly #hashes: HashExchange;
  /** The metadata is known; and all hashes that a download needs. */
  #isFound: boolean;
  #isComplete = false;
  #isStopped = false;
  /** From `torrent` on: resolves when no piece layer is missing, which may never happen; null if none was. */
  layers: Promise<void> | null = null;

  /** `race` is read on first use, because a race and its listener need each other. */
  constructor(source: Source, race: () => Race, world: MainWorld) {
    this.#source = source;
    const isKnown = source.metainfo !== undefined;
    this.#isFound = isKnown;
    this.#metadata = isKnown ? null : new MetadataRace(hashesOf(source), race, world);
    this.#hashes = new HashExchange(race, world);
    if (isKnown) this.#hashes.know(source.metainfo);
  }

  /** The search for the metadata of a magnet link, and then for the hashes of its pieces; null if a download needs no more of it. */
  get search(): MetadataSearch | null {
    const pieceHashes = this.#isComplete ? null : this.#hashes.search;
    if (pieceHashes === null && this.#isFound) return null;
    return { ...(this.#metadata?.search ?? NO_SEARCH), pieceHashes };
  }

  readonly listener: Partial<RaceListener> = {
    onClosed: (outcomes) => {
      this.#metadata?.closed(outcomes);
      this.#hashes.closed(outcomes);
    },
    onMetadataOffer: (peer, bytes) => this.#metadata?.offered(peer, bytes),
    onMetadataPart: (peer, part) => this.#metadata?.arrived(peer, part),
    onHashEvent: (event) => this.#hashes.heard(event),
  };

  /**
   * The torrent with all hashes that a download of these files needs: at once, or when peers have sent them, which may never happen. `onMetadata` gets
   * it before, when its metadata is known; peers are asked for hashes when that has resolved. `selected`: the files whose hashes are waited
   * for, as far as it is known then; null: all. Rejects with a `bad-torrent` failure if the
   * metadata is not usable.
   */
  async torrent(
    onMetadata: (metainfo: Metainfo) => Promise<void>,
    selected: () => ReadonlySet<number> | null,
  ): Promise<Metainfo> {
    const metainfo = await this.#found();
    this.#isFound = true;
    await onMetadata(metainfo);
    if (this.#isStopped) return metainfo;
    const search = this.#hashes.findLayers(isSelected(metainfo, selected()));
    this.layers = search?.all ?? null;
    if (lacksPieceHashes(metainfo, selected())) await search?.wanted;
    this.#isComplete = true;
    return metainfo;
  }

  async #found(): Promise<Metainfo> {
    const source = this.#source;
    if (source.kind === 'torrent') return source.metainfo;
    if (source.metainfo !== undefined) return source.metainfo;
    const info = await (this.#metadata as MetadataRace).found;
    const metainfo = metainfoOf(source.magnet, info);
    this.#hashes.know(metainfo);
    return metainfo;
  }

  /** What the blocks of a piece must hash to (BEP 52), if a peer says that in time; null: nobody can be asked. */
  leavesOf(piece: PieceIndex): Promise<Uint8Array | null> | null {
    return this.#hashes.leavesOf(piece);
  }

  stop(): void {
    this.#isStopped = true;
    this.#metadata?.stop();
    this.#hashes.stop();
  }
}
