/** The metadata that a peer of the swarm sends to those who come with a magnet link (BEP 9), over extended messages (BEP 10). */

const EXTENDED = 20;
const OUR_UT_METADATA = 1;
const PART_BYTES = 16_384;

/** The extended handshake: the number of ut_metadata here, the size of the metadata, and how many requests may be queued. */
export function extendedHandshake(info: Buffer): Buffer {
  return extended(
    0,
    `d1:md11:ut_metadatai${OUR_UT_METADATA}ee13:metadata_sizei${info.length}e4:reqqi2000e1:v9:swarm/0.1e`,
  );
}

export class SwarmMetadata {
  readonly #info: Buffer;
  /** The number that the other side gives to ut_metadata; null until it has said so. */
  #theirs: number | null = null;

  /** `info`: the bytes whose hash is the info hash. */
  constructor(info: Buffer) {
    this.#info = info;
  }

  /** The answer to an extended message, without its length in front; null if there is none. */
  answerTo(message: Buffer): Buffer | null {
    const text = message.toString('latin1', 2);
    if (message[1] === 0) {
      const number = /11:ut_metadatai(\d{1,3})e/.exec(text)?.[1];
      if (number !== undefined) this.#theirs = Number(number);
      return null;
    }
    const part = Number(/^d8:msg_typei0e5:piecei(\d{1,6})ee/.exec(text)?.[1] ?? Number.NaN);
    if (message[1] !== OUR_UT_METADATA || this.#theirs === null || !(part * PART_BYTES < this.#info.length))
      return null;
    const bytes = this.#info.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    return extended(
      this.#theirs,
      `d8:msg_typei1e5:piecei${part}e10:total_sizei${this.#info.length}ee`,
      bytes,
    );
  }
}

function extended(number: number, body: string, bytes: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.concat([Buffer.alloc(6), Buffer.from(body, 'latin1'), bytes]);
  frame.writeUInt32BE(frame.length - 4, 0);
  frame[4] = EXTENDED;
  frame[5] = number;
  return frame;
}
