/** Torrents of simulations. Their bytes come from one pool, so that a torrent is cheap to make. */
import { createHash } from 'node:crypto';
import { type Metainfo, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import type { Content } from '../support/personas.ts';
import { dict, int, list, str } from '../support/torrents.ts';

const POOL_BYTES = 2 ** 24;
const HASH_BYTES = 20;

let pool: Buffer | null = null;

/** Bytes without a pattern, so that misplaced bytes never look right. */
function poolOf(): Buffer {
  if (pool !== null) return pool;
  pool = Buffer.alloc(POOL_BYTES);
  let state = 0x9e37_79b9;
  for (let at = 0; at < POOL_BYTES; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    pool.writeInt32LE(state | 0, at);
  }
  return pool;
}

export interface ContentPlan {
  /** The start of its bytes in the pool. */
  readonly offset: number;
  readonly pieceLength: number;
  /** Lengths of its files; with one length it is a single-file torrent. */
  readonly files: readonly number[];
  readonly private: boolean;
}

export interface SimContent extends Content {
  readonly metainfo: Metainfo;
  readonly all: Buffer;
  /** The bytes of a file, by its path after the folder of a web seed. */
  readonly fileOf: (path: string) => Uint8Array | null;
}

export function contentOf(
  plan: ContentPlan,
  name: string,
  tiers: readonly string[],
  webSeeds: readonly string[],
): SimContent {
  const { offset, pieceLength, files } = plan;
  const length = files.reduce((sum, bytes) => sum + bytes, 0);
  const all = poolOf().subarray(offset, offset + length);
  const hashes: Buffer[] = [];
  for (let at = 0; at < length; at += pieceLength)
    hashes.push(
      createHash('sha1')
        .update(all.subarray(at, at + pieceLength))
        .digest(),
    );
  const names = files.map((_, i) => `f${i}`);
  const fields: Record<string, Buffer> = {
    ...(files.length > 1
      ? {
          files: list(
            ...files.map((bytes, i) => dict({ length: int(bytes), path: list(str(names[i] as string)) })),
          ),
        }
      : { length: int(length) }),
    name: str(name),
    'piece length': int(pieceLength),
    pieces: str(Buffer.concat(hashes, hashes.length * HASH_BYTES)),
    ...(plan.private ? { private: int(1) } : {}),
  };
  const metainfo = parseMetainfo(
    dict({
      ...(tiers.length > 0 ? { 'announce-list': list(...tiers.map((url) => list(str(url)))) } : {}),
      info: dict(fields),
      ...(webSeeds.length > 0 ? { 'url-list': list(...webSeeds.map((url) => str(url))) } : {}),
    }),
    name,
  );
  return {
    metainfo,
    all,
    infoHash: metainfo.infoHash,
    bytes: (piece, begin, count) =>
      all.subarray(piece * pieceLength + begin, piece * pieceLength + begin + count),
    fileOf: (path) => {
      const file = metainfo.files.find(({ urlSpellings }) =>
        urlSpellings.some((elements) => elements.join('/') === path),
      );
      return file === undefined ? null : all.subarray(file.offset, file.offset + file.length);
    },
  };
}
