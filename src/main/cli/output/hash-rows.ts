/** The info hashes of a torrent, for people: a hybrid has two. */
import { infoHashes, type Metainfo } from '../../torrent/metainfo.ts';

/** Each with its name. */
export function hashRows(metainfo: Metainfo): (readonly [name: string, hash: string])[] {
  const { v1, v2 } = infoHashes(metainfo);
  const rows = [
    ['info hash', v1],
    ['version 2', v2],
  ] as const;
  return rows.flatMap(([name, hash]) => (hash === null ? [] : [[name, hexOf(hash)] as const]));
}

/** Of version 2; null if the torrent has only version 1. */
export function version2Hex({ version2 }: Metainfo): string | null {
  return version2 === null ? null : hexOf(version2.infoHash);
}

export function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}
