/** Records what a decoder finds, in a comparable form. */
import { FrameDecoder, type FrameSink, type WireFault } from '../../src/workers/wire/decoder.ts';
import type { Handshake } from '../../src/workers/wire/handshake.ts';

export class RecordingSink implements FrameSink {
  readonly found: string[] = [];
  readonly target = Buffer.alloc(32_768);
  #block = '';
  #length = 0;

  handshake(handshake: Handshake): boolean {
    this.found.push(
      `handshake ${Buffer.from(handshake.infoHash).toString('hex')} ext=${handshake.extended} fast=${handshake.fast}`,
    );
    return true;
  }

  keepAlive(): boolean {
    this.found.push('keep-alive');
    return true;
  }

  passedOver(): boolean {
    return true;
  }

  message(id: number, payload: Buffer): boolean {
    this.found.push(`message ${id} ${payload.toString('hex')}`);
    return true;
  }

  blockStart(piece: number, begin: number, length: number) {
    this.#block = `block ${piece} ${begin}`;
    this.#length = length;
    return { target: this.target, offset: 0 };
  }

  blockEnd(): boolean {
    this.found.push(`${this.#block} ${this.target.subarray(0, this.#length).toString('hex')}`);
    return true;
  }
}

/** Decodes `stream` in parts that end at `cuts`; returns what was found, and the error if there was one. */
export function decodeInParts(
  stream: Buffer,
  cuts: readonly number[],
  pieceCount: number,
): { found: string[]; fault: WireFault | null } {
  const decoder = new FrameDecoder(pieceCount);
  const sink = new RecordingSink();
  let from = 0;
  for (const cut of [...cuts, stream.length]) {
    // A part in its own larger buffer with noise after it: the decoder must respect the length.
    const part = Buffer.concat([stream.subarray(from, cut), Buffer.alloc(32, 0xee)]);
    const fault = decoder.push(part, cut - from, sink);
    if (fault !== null) return { found: sink.found, fault };
    from = cut;
  }
  return { found: sink.found, fault: null };
}
