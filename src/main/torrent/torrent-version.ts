/** Which version of BitTorrent a new torrent has: 1 (BEP 3), 2 (BEP 52), or both in a hybrid. */

export type TorrentVersion = 'v1' | 'v2' | 'hybrid';

/**
 * If the author does not choose. One file costs nothing more as a hybrid, and peers of both versions get it. Several files would
 * need padding between them, which older clients write to disk. Trackers of private torrents may know version 1 only.
 */
export function defaultVersion(isOneFile: boolean, isPrivate: boolean): TorrentVersion {
  return isOneFile && !isPrivate ? 'hybrid' : 'v1';
}
