// Downloads a torrent: get.mjs TORRENT FOLDER OPTIONS-AS-JSON. Prints its port, and `complete` once it has everything; ends with
// its stdin. `connect HOST PORT` on stdin names a peer.
import { createInterface } from 'node:readline';
import { client, torrent } from './quiet-client.mjs';

torrent.on('ready', () => process.stdout.write(`port ${client.torrentPort}\n`));
torrent.on('done', () => process.stdout.write('complete\n'));
createInterface(process.stdin)
  .on('line', (line) => {
    const [, host, port] = line.split(' ');
    torrent.addPeer(`${host}:${port}`);
  })
  .on('close', () => process.exit(0));
