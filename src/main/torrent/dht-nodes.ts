/** `nodes` of a torrent (BEP 5): first nodes for a DHT search, as a list of host and port. Other items are skipped. */
import { type BencodeDict, listField } from '../../shared/bencode.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { MAX_TORRENT_DHT_NODES } from '../../shared/limits.ts';

/** No host name is longer (RFC 1035). */
const MAX_HOST_CHARS = 253;

export function dhtNodesOf(torrent: BencodeDict): HostPort[] {
  return (listField(torrent, 'nodes', MAX_TORRENT_DHT_NODES) ?? []).flatMap((entry) => {
    const [host, port] = Array.isArray(entry) ? entry : [];
    const text = host instanceof Uint8Array ? Buffer.from(host).toString('latin1') : '';
    const isHost = /^[0-9A-Za-z.:_-]+$/.test(text) && text.length <= MAX_HOST_CHARS;
    return isHost && typeof port === 'number' && port > 0 && port < 65_536 ? [{ host: text, port }] : [];
  });
}
