/**
 * HTTP answers that Node's reader refuses even when it is asked to be lenient, and that other clients read: heads with lines that
 * are no fields, with a field twice, or no head at all.
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
  /** Where the body begins. */
  readonly end: number;
}

/** False where these bytes are the beginning of no answer of the kind. */
export function mayBeSloppy(bytes: Buffer): boolean {
  return /^\s*(?:d\d|d?$|H|I)/.test(bytes.toString('latin1', 0, 100));
}

/** Where the answer ends; null while its beginning does not say. */
export function sloppyEnd(beginning: Buffer): number | null {
  const head = headOf(beginning);
  const length = head?.headers['content-length'] ?? '';
  if (head === null || isChunked(head) || !/^\d{1,9}$/.test(length)) return null;
  return head.end + Number(length);
}

/** Null where the bytes cannot be made sense of. */
export function sloppyAnswer(bytes: Buffer): SloppyAnswer | null {
  const head = headOf(bytes);
  if (head === null) return null;
  const rest = bytes.subarray(head.end);
  const { status, headers } = head;
  return { status, headers, body: isChunked(head) ? joinedChunks(rest) : rest };
}

function headOf(bytes: Buffer): Head | null {
  // One character a byte, so that positions in the text are positions in the bytes.
  const text = bytes.toString('latin1');
  // HTTP/0.9: the answer is nothing but a bencoded dictionary.
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

/** Up to the last chunk, or to where the bytes end. */
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
