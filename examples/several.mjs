/**
 * Downloads several torrents in one session, with limits for all of them together. One that fails does not stop the others.
 *
 *   node examples/several.mjs FOLDER SETTINGS SOURCE...
 *
 * SETTINGS is JSON and may be '{}'.
 */
import { Session } from 'unchoke';

const [output, settings, ...sources] = process.argv.slice(2);
if (sources.length === 0) throw new Error('usage: several.mjs FOLDER SETTINGS SOURCE...');

const limits = { maxPeers: 100, halfOpen: 200, memory: 64 * 2 ** 20 };
const session = new Session({ ...limits, ...JSON.parse(settings), output });

async function get(source) {
  try {
    const torrent = await session.add(source);
    const { name, path } = await torrent.completed;
    console.log(`complete: ${name} in ${path}`);
  } catch (error) {
    console.error(`failed: ${source}: ${error.code ?? 'bug'}: ${error.message}`);
    process.exitCode = 1;
  }
}

await Promise.all(sources.map(get));
await session.close();
