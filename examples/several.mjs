/**
 * Downloads several torrents, two at one time, each with a limit of its own on peers and memory. One that fails does not stop
 * the others.
 *
 *   node examples/several.mjs FOLDER SETTINGS SOURCE...
 *
 * SETTINGS is JSON and may be '{}'.
 */
import { download } from 'unchoke';

const AT_ONE_TIME = 2;

const [output, settings, ...sources] = process.argv.slice(2);
if (sources.length === 0) throw new Error('usage: several.mjs FOLDER SETTINGS SOURCE...');

const limits = { maxPeers: 50, halfOpen: 100, memory: 32 * 2 ** 20, shards: 1, hashers: 1 };
const queue = sources.values();

/** The workers take from one iterator, so the next source goes to the worker that is free. */
async function work() {
  for (const source of queue) {
    try {
      const { name, path } = await download(source, { ...limits, ...JSON.parse(settings), output });
      console.log(`complete: ${name} in ${path}`);
    } catch (error) {
      console.error(`failed: ${source}: ${error.code ?? 'bug'}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}

await Promise.all(Array.from({ length: AT_ONE_TIME }, work));
