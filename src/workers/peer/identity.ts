/** Who we are for the peers of a torrent, in plain and in encrypted streams. */

import type { ShardTask, TorrentEntry } from '../../shared/messages.ts';
import type { TorrentNames } from '../../shared/torrent-names.ts';
import type { SecureSetup } from '../transport/encryption/mse-connection.ts';

/** The version of the protocol that a peer and we speak: by the info hash in the handshakes (BEP 52). */
export type WireVersion = 1 | 2;

export interface Identity extends SecureSetup {
  /** In a torrent of version 2: also that of version 1 in `infoHash`, or the same again if there is none. */
  readonly infoHashV2: Uint8Array | null;
  readonly peerId: Uint8Array;
  readonly clientName: string;
}

export function identityOf(
  { infoHash, infoHashV2, peerId }: TorrentEntry,
  { clientName, encryption }: Pick<ShardTask<unknown>, 'clientName' | 'encryption'>,
  randomBytes: SecureSetup['randomBytes'],
): Identity {
  return { infoHash, infoHashV2, peerId, clientName, encryption, randomBytes };
}

/** The info hash that names the torrent in a stream of this version. */
export function hashOf({ infoHash, infoHashV2 }: Identity, version: WireVersion): Uint8Array {
  return version === 2 && infoHashV2 !== null ? infoHashV2 : infoHash;
}

/** The version of an info hash of this torrent; null if it is none of it. */
export function versionOf({ infoHash, infoHashV2 }: Identity, hash: Uint8Array): WireVersion | null {
  if (infoHashV2 !== null && Buffer.compare(hash, infoHashV2) === 0) return 2;
  return Buffer.compare(hash, infoHash) === 0 ? 1 : null;
}

/** It has an info hash of each version. */
export function isHybrid({ infoHash, infoHashV2 }: TorrentNames): boolean {
  return infoHashV2 !== null && Buffer.compare(infoHash, infoHashV2) !== 0;
}
