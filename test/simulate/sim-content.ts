/** Torrents of simulations. Their bytes come from one pool, so that a torrent is cheap to make. */
import { createHash } from 'node:crypto';
import { type Metainfo, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import type { Content } from '../support/personas.ts';
import { dict, int, list, str } from '../support/torrents.ts';
import { hybridParts, torrentOfParts, version2Parts } from '../support/version2-torrents.ts';

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
  /** Version 1 if it is left out. */
  readonly version?: 'v1' | 'v2' | 'hybrid';
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
  const { pieceLength } = plan;
  const bytes = torrentOf(plan, name, {
    ...(tiers.length > 0 ? { 'announce-list': list(...tiers.map((url) => list(str(url)))) } : {}),
    ...(webSeeds.length > 0 ? { 'url-list': list(...webSeeds.map((url) => str(url))) } : {}),
  });
  const metainfo = parseMetainfo(bytes, name);
  const all = placed(plan, metainfo);
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

function isVersion1({ version = 'v1' }: ContentPlan): boolean {
  return version === 'v1';
}

/** The bytes of each file, one after the other in the pool. */
function partsOf({ offset, files }: ContentPlan): Buffer[] {
  let at = offset;
  return files.map((length) => {
    at += length;
    return poolOf().subarray(at - length, at);
  });
}

/** The bytes of the torrent, with zeros where it has none. */
function placed(plan: ContentPlan, { files }: Metainfo): Buffer {
  const parts = partsOf(plan);
  if (isVersion1(plan)) return poolOf().subarray(plan.offset, plan.offset + sum(plan.files));
  const last = files.at(-1);
  const all = Buffer.alloc((last?.offset ?? 0) + (last?.length ?? 0));
  const real = files.filter(({ padding }) => !padding);
  for (const [i, { offset }] of real.entries()) parts[i]?.copy(all, offset);
  return all;
}

function torrentOf(plan: ContentPlan, name: string, top: Record<string, Buffer>): Buffer {
  const info = { name: str(name), ...(plan.private ? { private: int(1) } : {}) };
  if (isVersion1(plan)) return dict({ ...top, info: dict({ ...version1(plan), ...info }) });
  const parts = partsOf(plan);
  const isSingle = parts.length === 1 && plan.version === 'v2';
  const made = parts.map((bytes, i) => ({ name: isSingle ? name : `f${i}`, bytes }));
  const of = plan.version === 'v2' ? version2Parts : hybridParts;
  const torrent = of(made, plan.pieceLength);
  return torrentOfParts({ info: { ...torrent.info, ...info }, top: { ...torrent.top, ...top } });
}

function version1({ offset, pieceLength, files }: ContentPlan): Record<string, Buffer> {
  const length = sum(files);
  const all = poolOf().subarray(offset, offset + length);
  const hashes: Buffer[] = [];
  for (let at = 0; at < length; at += pieceLength)
    hashes.push(
      createHash('sha1')
        .update(all.subarray(at, at + pieceLength))
        .digest(),
    );
  const entries = files.map((bytes, i) => dict({ length: int(bytes), path: list(str(`f${i}`)) }));
  return {
    ...(files.length > 1 ? { files: list(...entries) } : { length: int(length) }),
    'piece length': int(pieceLength),
    pieces: str(Buffer.concat(hashes, hashes.length * HASH_BYTES)),
  };
}

function sum(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + length, 0);
}
