/** Small torrents of version 2 (BEP 52), made without the code that they test: trees by plain recursion, bencode by hand. */
import { createHash } from 'node:crypto';
import { dict, int, list, str } from './torrents.ts';

const BLOCK = 16_384;

export interface Made {
  readonly name: string;
  readonly bytes: Buffer;
}

const sha256 = (...parts: readonly Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** The root over `width` blocks from `first` on, by the definition. */
function node(bytes: Buffer, first: number, width: number): Buffer {
  if (width > 1) return sha256(node(bytes, first, width / 2), node(bytes, first + width / 2, width / 2));
  const block = bytes.subarray(first * BLOCK, (first + 1) * BLOCK);
  return block.length === 0 ? Buffer.alloc(32) : sha256(block);
}

function widthOf(bytes: Buffer): number {
  let width = 1;
  while (width * BLOCK < bytes.length) width *= 2;
  return width;
}

export function rootOfFile(bytes: Buffer): Buffer {
  return node(bytes, 0, widthOf(bytes));
}

/** One hash per piece. */
export function layerOfFile(bytes: Buffer, pieceLength: number): Buffer {
  const width = pieceLength / BLOCK;
  const pieces = Math.ceil(bytes.length / pieceLength);
  return Buffer.concat(Array.from({ length: pieces }, (_, i) => node(bytes, i * width, width)));
}

/** Keys as bytes, in the order given. */
export function pairs(entries: readonly (readonly [string | Buffer, Buffer])[]): Buffer {
  const body = entries.flatMap(([key, value]) => [str(key), value]);
  return Buffer.concat([Buffer.from('d'), ...body, Buffer.from('e')]);
}

export function leaf(bytes: Buffer): Buffer {
  const root: [string, Buffer][] = bytes.length === 0 ? [] : [['pieces root', str(rootOfFile(bytes))]];
  return pairs([['', pairs([['length', int(bytes.length)], ...root])]]);
}

export function layersOfFiles(files: readonly Made[], pieceLength: number): Buffer {
  const layers = files
    .filter(({ bytes }) => bytes.length > pieceLength)
    .map(({ bytes }) => [rootOfFile(bytes), str(layerOfFile(bytes, pieceLength))] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
  return pairs(layers);
}

export interface TorrentParts {
  readonly info: Record<string, Buffer>;
  readonly top: Record<string, Buffer>;
}

/** Of files in one folder, sorted by name. */
export function version2Parts(files: readonly Made[], pieceLength: number): TorrentParts {
  return {
    info: {
      'file tree': pairs(files.map(({ name, bytes }) => [name, leaf(bytes)])),
      'meta version': int(2),
      name: str('set'),
      'piece length': int(pieceLength),
    },
    top: { 'piece layers': layersOfFiles(files, pieceLength) },
  };
}

/** With the fields of version 1: padding after each file but the last. */
export function hybridParts(files: readonly Made[], pieceLength: number): TorrentParts {
  const { info, top } = version2Parts(files, pieceLength);
  const listed: Buffer[] = [];
  const data: Buffer[] = [];
  for (const [i, { name, bytes }] of files.entries()) {
    listed.push(dict({ length: int(bytes.length), path: list(str(name)) }));
    data.push(bytes);
    const gap = (pieceLength - (bytes.length % pieceLength)) % pieceLength;
    if (gap === 0 || i === files.length - 1) continue;
    listed.push(dict({ attr: str('p'), length: int(gap), path: list(str('.pad'), str(String(gap))) }));
    data.push(Buffer.alloc(gap));
  }
  const whole = Buffer.concat(data);
  const hashes: Buffer[] = [];
  for (let at = 0; at < whole.length; at += pieceLength)
    hashes.push(
      createHash('sha1')
        .update(whole.subarray(at, at + pieceLength))
        .digest(),
    );
  return { info: { ...info, files: list(...listed), pieces: str(Buffer.concat(hashes)) }, top };
}

/** Keys are sorted, as BEP 3 requires. */
export function torrentOfParts({ info, top }: TorrentParts): Buffer {
  return sorted({ ...top, info: sorted(info) });
}

function sorted(fields: Record<string, Buffer>): Buffer {
  return dict(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Bytes that are a function of their place. */
export function content(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 32)
    createHash('sha256').update(`${seed} ${at}`).digest().copy(bytes, at);
  return bytes;
}

/** The torrent with some of its piece layers. Without any, it has no key "piece layers". */
export function withLayers(torrent: Buffer, kept: number): Buffer {
  const key = '12:piece layersd';
  const begin = torrent.indexOf(key, 0, 'latin1');
  if (begin < 0) throw new Error('it has no piece layers');
  let at = begin + key.length;
  let keptEnd = at;
  for (let i = 0; torrent[at] !== 'e'.charCodeAt(0); i++) {
    // The root, and then the layer with its length.
    const colon = torrent.indexOf(':', at + 35);
    at = colon + 1 + Number(torrent.toString('latin1', at + 35, colon));
    if (i < kept) keptEnd = at;
  }
  const layers = kept === 0 ? Buffer.alloc(0) : torrent.subarray(begin, keptEnd);
  return Buffer.concat([torrent.subarray(0, begin), layers, torrent.subarray(kept === 0 ? at + 1 : at)]);
}
