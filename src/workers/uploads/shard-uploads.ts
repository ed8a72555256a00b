/** What all torrents of a shard share to give data: the cache of chunks, the open files, and the turns within the rate limit. */
import type { Geometry } from '../../shared/geometry.ts';
import { CHUNK_CACHE_BYTES, CHUNK_READS, UPLOAD_OPEN_FILES } from '../../shared/limits.ts';
import type { GivenFiles } from '../../shared/messages.ts';
import { RateBucket, type RateMemory } from '../../shared/rate-bucket.ts';
import type { Outbox } from '../shard/outbox.ts';
import type { ShardWorld } from '../shard/shard-world.ts';
import { ChunkCache } from './chunk-cache.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkSource } from './chunk-source.ts';
import { OpenFiles } from './open-files.ts';
import type { OurPieces } from './our-pieces.ts';
import { ReadTurns } from './read-turns.ts';
import type { SuperSeeding } from './super-seeding.ts';
import { TorrentUploads, type UploadHost } from './torrent-uploads.ts';
import { UploadTurns } from './upload-turns.ts';

export class ShardUploads {
  readonly #world: ShardWorld;
  readonly #cache = new ChunkCache(CHUNK_CACHE_BYTES);
  readonly #reads = new ReadTurns(CHUNK_READS);
  readonly #files: OpenFiles;
  readonly #turns: UploadTurns;

  constructor(world: ShardWorld, rate: RateMemory | null) {
    this.#world = world;
    this.#files = new OpenFiles(world.files, UPLOAD_OPEN_FILES);
    this.#turns = new UploadTurns(
      rate === null ? null : new RateBucket(rate),
      () => world.shared(world.clock()),
      world.later,
    );
  }

  /** How a torrent begins to give its files to peers; it closes the result. `wake`: it has something to do at the next tick. */
  entrance(
    outbox: Outbox,
    { wake, ...torrent }: Pick<UploadHost, 'infoHash' | 'peers' | 'guard'> & { readonly wake: () => void },
  ): (
    files: GivenFiles,
    geometry: Geometry,
    pieces: OurPieces,
    offers: SuperSeeding | null,
  ) => TorrentUploads {
    return (files, geometry, pieces, offers) => {
      const reader = new ChunkReader(files, this.#world.files, this.#files);
      const chunks = new ChunkSource(geometry, this.#cache, this.#reads, reader);
      return new TorrentUploads(geometry, pieces, chunks, offers, {
        ...torrent,
        clock: this.#world.clock,
        turns: this.#turns,
        onContenders: (peers) => {
          wake();
          outbox.now({ type: 'contenders', peers });
        },
        onReadFault: ({ code, path }) => outbox.now({ type: 'read-failed', code, path }),
      });
    };
  }
}
