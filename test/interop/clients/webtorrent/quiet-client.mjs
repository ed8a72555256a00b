// A client that finds peers by nothing but what the run names, and its torrent: TORRENT FOLDER OPTIONS-AS-JSON, where
// TORRENT is a file or a magnet link.
import { readFileSync } from 'node:fs';
import WebTorrent from 'webtorrent';

const [given, folder, options] = process.argv.slice(2);
export const client = new WebTorrent({
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
export const torrent = client.add(given.startsWith('magnet:') ? given : readFileSync(given), {
  path: folder,
});
