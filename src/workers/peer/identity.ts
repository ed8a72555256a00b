/** Who we are for the peers of a torrent, in plain and in encrypted streams. */
import type { ShardTask, TorrentEntry } from '../../shared/messages.ts';
import type { SecureSetup } from '../transport/encryption/mse-connection.ts';

export interface Identity extends SecureSetup {
  readonly peerId: Uint8Array;
  readonly clientName: string;
}

export function identityOf(
  { infoHash, peerId }: TorrentEntry,
  { clientName, encryption }: Pick<ShardTask<unknown>, 'clientName' | 'encryption'>,
  randomBytes: SecureSetup['randomBytes'],
): Identity {
  return { infoHash, peerId, clientName, encryption, randomBytes };
}
