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

export function torrentFile(payload: Payload, name: string, announce: string): SwarmTorrent {
  const info = Buffer.concat([
    Buffer.from(`d6:lengthi${payload.totalLength}e4:name${Buffer.byteLength(name)}:${name}`),
    Buffer.from(`12:piece lengthi${payload.pieceLength}e6:pieces${payload.pieceCount * 20}:`),
    payload.hashes(),
    Buffer.from('e'),
  ]);
  return {
    bytes: Buffer.concat([
      Buffer.from(`d8:announce${announce.length}:${announce}4:info`),
      info,
      Buffer.from('e'),
    ]),
    info,
    infoHash: createHash('sha1').update(info).digest(),
    name,
  };
}
