/**
 * HTTP answers that Node's reader refuses even when it is asked to be lenient, and that other clients read: heads with lines that
 * are no fields, with a field twice, or no head at all. Read from the one packet that such an answer comes in.
 */
const HEAD_END = /\r?\n\r?\n/;

export interface SloppyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Null where the packet cannot be made sense of. */
export function sloppyAnswer(packet: Buffer): SloppyAnswer | null {
  // One character a byte, so that positions in the text are positions in the packet.
  const text = packet.toString('latin1');
  // HTTP/0.9: the answer is nothing but a bencoded dictionary.
  if (/^\s*d\d/.test(text)) return { status: 200, headers: {}, body: packet };
  const end = HEAD_END.exec(text);
  const [first = '', ...lines] = text.slice(0, end?.index ?? 0).split(/\r?\n/);
  const status = /^(?:HTTP\/[\d.]+|ICY)\s+(\d{3})/.exec(first)?.[1];
  if (end === null || status === undefined) return null;
  const headers = Object.fromEntries(lines.map(fieldOf).filter(([name]) => name !== ''));
  const rest = packet.subarray(end.index + end[0].length);
  const isChunked = /chunked/i.test(headers['transfer-encoding'] ?? '');
  return { status: Number(status), headers, body: isChunked ? joinedChunks(rest) : rest };
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return colon < 0 ? ['', ''] : [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** Up to the last chunk, or to where the packet ends. */
function joinedChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const size = /^\s*([0-9a-f]{1,8})[^\n]*\n/i.exec(bytes.toString('latin1', at, at + 100));
    const length = Number.parseInt(size?.[1] ?? '0', 16);
    if (size === null || length === 0) break;
    const start = at + size[0].length;
    chunks.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return Buffer.concat(chunks);
}
