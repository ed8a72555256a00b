/**
 * HTTP answers that Node's parser refuses even in lenient mode, but other clients accept: heads with lines that are not
 * fields, with duplicate fields, or no head at all.
 */
const HEAD_END = /\r?\n\r?\n/;

export interface SloppyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Offset of the body. */
  readonly end: number;
}

/** False if no answer of this kind begins with these bytes. */
export function mayBeSloppy(bytes: Buffer): boolean {
  return /^\s*(?:d\d|d?$|H|I)/.test(bytes.toString('latin1', 0, 100));
}

/** The end of the answer; null while its beginning does not tell. */
export function sloppyEnd(beginning: Buffer): number | null {
  const head = headOf(beginning);
  const length = head?.headers['content-length'] ?? '';
  if (head === null || isChunked(head) || !/^\d{1,9}$/.test(length)) return null;
  return head.end + Number(length);
}

/** Null if the bytes make no sense. */
export function sloppyAnswer(bytes: Buffer): SloppyAnswer | null {
  const head = headOf(bytes);
  if (head === null) return null;
  const rest = bytes.subarray(head.end);
  const { status, headers } = head;
  return { status, headers, body: isChunked(head) ? joinedChunks(rest) : rest };
}

function headOf(bytes: Buffer): Head | null {
  // One character per byte, so that positions in the text are positions in the bytes.
  const text = bytes.toString('latin1');
  // HTTP/0.9: the answer is only a bencoded dictionary.
  if (/^\s*d\d/.test(text)) return { status: 200, headers: {}, end: 0 };
  const end = HEAD_END.exec(text);
  const [first = '', ...lines] = text.slice(0, end?.index ?? 0).split(/\r?\n/);
  const status = /^(?:HTTP\/[\d.]+|ICY)\s+(\d{3})/.exec(first)?.[1];
  if (end === null || status === undefined) return null;
  const headers = Object.fromEntries(lines.map(fieldOf).filter(([name]) => name !== ''));
  return { status: Number(status), headers, end: end.index + end[0].length };
}

function isChunked({ headers }: Head): boolean {
  return /chunked/i.test(headers['transfer-encoding'] ?? '');
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return colon < 0 ? ['', ''] : [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** Up to the last chunk, or to the end of the bytes. */
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
