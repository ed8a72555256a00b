/** Who gets data from us, in the words of all commands that give. */
import type { SeedProgress } from '../../session/events.ts';
import { counted } from '../../text/units.ts';

export type GivenPeers = Pick<SeedProgress, 'served' | 'wanting' | 'choked' | 'unchoked' | 'uploaded'>;

/** `2 of 5 peers get data`, `no peers yet`. */
export function givenText({ served, wanting, choked, unchoked, uploaded }: GivenPeers): string {
  if (wanting > 0) return `${served} of ${counted(wanting, 'peer')} get data`;
  const connected = choked + unchoked;
  if (connected === 1) return '1 peer is connected and wants nothing';
  if (connected > 0) return `${connected} peers are connected and want nothing`;
  return uploaded > 0 ? 'no peers now' : 'no peers yet';
}
