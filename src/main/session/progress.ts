/** The progress of a torrent, in the form of its events. */
import type { Download } from '../download/download.ts';
import { clientFamily } from '../race/client-family.ts';
import type { Race } from '../race/race.ts';
import type { DownloadProgress, FastPeer, HashProgress, SearchProgress } from './events.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

/** `download`: null while something is searched or memory is not free yet. `rate`: bytes per second that arrive now. Null: nothing goes on. */
export function progressOf(
  swarm: TorrentSwarm,
  download: Download | null,
  rate: number,
): DownloadProgress | SearchProgress | HashProgress | null {
  return download === null
    ? searchProgress(swarm)
    : downloadProgress(swarm.race, download, rate, swarm.uploadCounts);
}

/** Null if nothing is searched. */
export function searchProgress({
  race,
  metadataSearch: search,
}: TorrentSwarm): SearchProgress | HashProgress | null {
  if (search === null) return null;
  const { pieceHashes, offers } = search;
  const all = { type: 'progress', bytes: 0, known: race.peers.size, ...race.totals } as const;
  if (pieceHashes === null) return { ...all, metadataOffers: offers };
  const { found, wanted, peers } = pieceHashes;
  return { ...all, hashes: found, totalHashes: wanted, hashPeers: peers };
}

function downloadProgress(
  race: Race,
  download: Download,
  rate: number,
  uploadCounts: TorrentSwarm['uploadCounts'],
): DownloadProgress {
  return {
    type: 'progress',
    bytes: download.bytes.verified,
    pendingBytes: download.bytes.pending,
    totalBytes: download.bytes.wanted,
    pieces: download.pieces.verifiedCount,
    rate: Math.round(rate),
    known: race.peers.size,
    ...race.totals,
    hashBacklog: download.hashing.backlog,
    ...uploadCounts,
    fastest: fastestPeers(race),
  };
}

/** Bytes from peers and web seeds, good or bad. */
export function receivedBytes(race: Race, download: Download): number {
  return race.totals.blockBytes + (download.webSeeds?.bytes ?? 0);
}

function fastestPeers({ fastest, peers }: Race): FastPeer[] {
  return fastest.map(({ peer, client, peerIdPrefix, bytesPerS }) => ({
    name: peers.nameOf(peer),
    client: clientFamily(client, peerIdPrefix),
    rate: Math.round(bytesPerS),
  }));
}
