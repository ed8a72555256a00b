/**
 * Downloads one torrent and shows how far it is.
 *
 *   node examples/download.mjs SOURCE [FOLDER [SETTINGS]]
 *
 * SOURCE is a .torrent file or its URL, a magnet link or an info hash. SETTINGS is JSON, for instance '{"dht":false}'.
 */
import { download, Failure } from 'unchoke';

const [source, output = '.', settings = '{}'] = process.argv.slice(2);
if (source === undefined) throw new Error('usage: download.mjs SOURCE [FOLDER [SETTINGS]]');

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function show(event) {
  if (event.type === 'metadata') console.log(`${event.name}: ${mib(event.bytes)} in ${event.files} file(s)`);
  else if (event.type === 'first-unchoke') console.log(`first unchoke from ${event.peer}`);
  else if (event.type === 'progress' && 'fastest' in event)
    console.log(
      `${mib(event.bytes)} of ${mib(event.totalBytes)}, ${mib(event.rate)}/s, ${event.unchoked} peers`,
    );
}

try {
  const done = await download(source, {
    ...JSON.parse(settings),
    output,
    signal: stop.signal,
    onEvent: show,
  });
  console.log(`complete: ${done.path}, ${mib(done.downloaded)} downloaded in ${Math.round(done.ms)} ms`);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
