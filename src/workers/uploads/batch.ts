/** What goes to a connection in one call: blocks with their heads, as few stretches of memory as possible. */
import { CHUNK_BYTES } from '../../shared/limits.ts';
import { encodeBlockHead } from '../wire/encoder.ts';
import type { RequestedBlock } from './block-queue.ts';
import type { Chunk } from './chunk.ts';

/** The chunk of a piece that begins at `start`; null if it is not in the cache. */
export type CachedChunk = (start: number) => Chunk | null;

interface Stretch {
  readonly chunk: Chunk;
  readonly from: number;
  to: number;
}

export class Batch {
  readonly #parts: (Stretch | Uint8Array)[] = [];
  readonly #chunks: Chunk[] = [];
  #bytes = 0;

  /** Bytes of the blocks, without heads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Each as often as a block of it was added. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** What to write. */
  get parts(): Uint8Array[] {
    return this.#parts.map((part) =>
      part instanceof Uint8Array ? part : part.chunk.memory.subarray(part.from, part.to),
    );
  }

  /** Adds a block. False if a chunk of it is not in the cache: then nothing is added. */
  add(block: RequestedBlock, cached: CachedChunk): boolean {
    const { begin, length } = block;
    const start = begin - (begin % CHUNK_BYTES);
    const chunk = cached(start);
    if (chunk === null) return false;
    const place = chunk.blockAt(begin - start, length);
    if (place === null) return this.#addOdd(block, cached);
    this.#bytes += length;
    this.#chunks.push(chunk);
    const last = this.#parts.at(-1);
    if (last !== undefined && !(last instanceof Uint8Array) && last.chunk === chunk && last.to === place.from)
      last.to = place.to;
    else this.#parts.push({ chunk, ...place });
    return true;
  }

  /** Not exactly a block of 16 KiB: it gets a head of its own. */
  #addOdd({ piece, begin, length }: RequestedBlock, cached: CachedChunk): boolean {
    const parts: Uint8Array[] = [encodeBlockHead(piece, begin, length)];
    const chunks: Chunk[] = [];
    const end = begin + length;
    for (let at = begin; at < end; ) {
      const start = at - (at % CHUNK_BYTES);
      const chunk = cached(start);
      if (chunk === null) return false;
      const to = Math.min(end, start + CHUNK_BYTES);
      parts.push(...chunk.bytes(at - start, to - start));
      chunks.push(chunk);
      at = to;
    }
    this.#bytes += length;
    this.#parts.push(...parts);
    this.#chunks.push(...chunks);
    return true;
  }
}
