// Connects to a peer, shakes hands for the torrent, and prints the info hash of the peer's handshake as hex.
// handshake.mjs HOST PORT INFOHASH
import { connect } from 'node:net';

const [host, port, infoHash] = process.argv.slice(2);
const socket = connect({ host, port: Number(port) });
socket.write(
  Buffer.concat([
    Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1'),
    Buffer.from(infoHash, 'hex'),
    Buffer.from('-XX0000-outsideouts1'),
  ]),
);
let heard = Buffer.alloc(0);
for await (const bytes of socket) {
  heard = Buffer.concat([heard, bytes]);
  if (heard.length >= 68) break;
}
process.stdout.write(heard.subarray(28, 48).toString('hex'));
process.exit(0);
