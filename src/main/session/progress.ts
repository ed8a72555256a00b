/** The progress of a torrent, as its events say it. */
import type { Download } from '../download/download.ts';
import { clientFamily } from '../race/client-family.ts';
import { phaseTotals } from '../race/phase-totals.ts';
import type { Race } from '../race/race.ts';
import type { DownloadProgress, FastPeer, SearchProgress } from './events.ts';

/** `rate`: bytes a second that arrive now. */
export function downloadProgress(race: Race, download: Download, rate: number): DownloadProgress {
  return {
    type: 'progress',
    bytes: download.verifiedBytes,
    totalBytes: download.wantedBytes,
    pieces: download.verifiedPieces,
    rate: Math.round(rate),
    known: race.peers.size,
    ...phaseTotals(race.shardStats),
    hashBacklog: download.hashing.backlog,
    fastest: fastestPeers(race),
  };
}

/** `offers`: peers that have the metadata. */
export function searchProgress(race: Race, offers: number): SearchProgress {
  const totals = phaseTotals(race.shardStats);
  return { type: 'progress', bytes: 0, known: race.peers.size, metadataOffers: offers, ...totals };
}

/** Bytes that came from peers and web seeds, good or not. */
export function receivedBytes(race: Race, download: Download): number {
  return phaseTotals(race.shardStats).blockBytes + (download.webSeeds?.bytes ?? 0);
}

function fastestPeers({ fastest, peers }: Race): FastPeer[] {
  return fastest.map(({ peer, client, peerIdPrefix, bytesPerS }) => ({
    name: peers.nameOf(peer),
    client: clientFamily(client, peerIdPrefix),
    rate: Math.round(bytesPerS),
  }));
}
