/** A program without a compiler: downloads TORRENT into FOLDER and prints what came of it as JSON. */
import { download } from 'unchoke';

const [torrent, output] = process.argv.slice(2);
const types = new Set();
const done = await download(torrent, {
  output,
  dht: false,
  lsd: false,
  utp: false,
  shards: 2,
  hashers: 1,
  journalKey: `${output}.key`,
  onEvent: ({ type }) => types.add(type),
});
process.stdout.write(`${JSON.stringify({ ...done, types: [...types] })}\n`);
