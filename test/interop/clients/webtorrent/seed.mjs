// Seeds what is in a folder: seed.mjs TORRENT FOLDER OPTIONS-AS-JSON. Prints its port once the data is verified, ends with its stdin.
import { client, torrent } from './quiet-client.mjs';

torrent.on('done', () => process.stdout.write(`port ${client.torrentPort}\n`));
process.stdin.on('end', () => process.exit(0)).resume();
