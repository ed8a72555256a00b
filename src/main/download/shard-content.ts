/** What the shards get to know of a torrent: to download it and to give it to peers, or only to give it. */
import type { GivenFiles, ShardTorrent } from '../../shared/messages.ts';
import type { FilesPlace } from '../../shared/stored-files.ts';
import type { Race } from '../race/race.ts';
import { keptPieces } from '../storage/kept-pieces.ts';
import { finalFiles, type StoragePlan } from '../storage/storage-plan.ts';
import { knownToShards } from '../torrent/known-to-shards.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

type Requests = NonNullable<ShardTorrent['download']>;

export class ShardContent {
  readonly #race: Race;
  readonly #known: ReturnType<typeof knownToShards>;
  readonly #plan: StoragePlan;
  readonly #given: GivenFiles | null;
  #isBegun = false;

  /** `place`: undefined if nothing is kept. */
  constructor(
    race: Race,
    metainfo: Metainfo,
    plan: StoragePlan,
    ledger: GivenFiles['ledger'],
    place: FilesPlace | undefined,
  ) {
    this.#race = race;
    this.#known = knownToShards(metainfo);
    this.#plan = plan;
    const { files, padding } = plan;
    const kept = keptPieces(plan, metainfo.geometry);
    this.#given = place === undefined ? null : { files, padding, place, ledger, kept };
  }

  /** The shards may request blocks. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** The shards may request blocks, and give what is verified. */
  begin(download: Requests): void {
    this.#isBegun = true;
    this.#race.setTorrent({ ...this.#known, download, given: this.#given });
  }

  /** They give it, and request nothing (more). */
  seed(): void {
    const files = finalFiles(this.#plan);
    if (this.#isBegun) return this.#race.seed(files);
    const given = this.#given === null ? null : { ...this.#given, files };
    this.#race.setTorrent({ ...this.#known, download: null, given });
  }
}
