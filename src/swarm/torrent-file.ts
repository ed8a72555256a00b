/** A .torrent for the swarm's payload, written byte by byte. */
import { createHash } from 'node:crypto';
import type { Payload } from './payload.ts';

export interface SwarmTorrent {
  readonly bytes: Buffer;
  /** The part that the info hash is of: the metadata of a magnet link. */
  readonly info: Buffer;
  readonly infoHash: Buffer;
  readonly name: string;
}

/** One file `NAME.bin`, or a folder `NAME` of several. */
export function torrentFile(payload: Payload, name: string, files: number, announce: string): SwarmTorrent {
  const root = files === 1 ? `${name}.bin` : name;
  const content =
    files === 1
      ? `6:lengthi${payload.totalLength}e`
      : `5:filesl${fileLengths(payload.totalLength, files).map(fileEntry).join('')}e`;
  const info = Buffer.concat([
    Buffer.from(`d${content}4:name${text(root)}`),
    Buffer.from(`12:piece lengthi${payload.pieceLength}e6:pieces${payload.pieceCount * 20}:`),
    payload.hashes(),
    Buffer.from('e'),
  ]);
  return {
    bytes: Buffer.concat([Buffer.from(`d8:announce${text(announce)}4:info`), info, Buffer.from('e')]),
    info,
    infoHash: createHash('sha1').update(info).digest(),
    name: root,
  };
}

/** In the proportion of 1, 2, 3 and so on, so that files begin inside of pieces. */
export function fileLengths(total: number, files: number): number[] {
  const parts = (files * (files + 1)) / 2;
  const endOf = (file: number): number => Math.floor((total * ((file * (file + 1)) / 2)) / parts);
  return Array.from({ length: files }, (_, file) => endOf(file + 1) - endOf(file));
}

function fileEntry(length: number, i: number, all: readonly number[]): string {
  const number = String(i + 1).padStart(String(all.length).length, '0');
  return `d6:lengthi${length}e4:pathl${text(`file-${number}.bin`)}ee`;
}

function text(value: string): string {
  return `${Buffer.byteLength(value)}:${value}`;
}
