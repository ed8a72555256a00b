// Seeds what is in a folder: seed.mjs TORRENT FOLDER OPTIONS-AS-JSON. Prints its port once the data is verified, ends with its stdin.
import { readFileSync } from 'node:fs';
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
torrent.on('done', () => process.stdout.write(`port ${client.torrentPort}\n`));
process.stdin.on('end', () => process.exit(0)).resume();
