// Downloads a torrent: get.mjs TORRENT FOLDER OPTIONS-AS-JSON. Prints its port, and `complete` once it has everything; ends with
// its stdin. `connect HOST PORT` on stdin names a peer.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import WebTorrent from 'webtorrent';

const [torrentFile, folder, options] = process.argv.slice(2);
const client = new WebTorrent({
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  tracker: false,
  torrentPort: 0,
  ...JSON.parse(options),
});
client.on('error', (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
const torrent = client.add(readFileSync(torrentFile), { path: folder });
torrent.on('ready', () => process.stdout.write(`port ${client.torrentPort}\n`));
torrent.on('done', () => process.stdout.write('complete\n'));
createInterface(process.stdin)
  .on('line', (line) => {
    const [, host, port] = line.split(' ');
    torrent.addPeer(`${host}:${port}`);
  })
  .on('close', () => process.exit(0));
