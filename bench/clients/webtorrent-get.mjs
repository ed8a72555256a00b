// Downloads with webtorrent and ends: webtorrent-get.mjs TORRENT FOLDER OPTIONS-AS-JSON.
import { readFileSync } from 'node:fs';
import WebTorrent from '../../test/interop/clients/webtorrent/node_modules/webtorrent/index.js';

const [torrentFile, folder, options] = process.argv.slice(2);
const client = new WebTorrent({ dht: false, lsd: false, utp: false, ...JSON.parse(options) });
client.on('error', (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
client.add(readFileSync(torrentFile), { path: folder }).on('done', () => process.exit(0));
