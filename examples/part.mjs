/**
 * Downloads only some files of a torrent, and for no longer than a time. What is verified stays: the next call goes on from there.
 *
 *   node examples/part.mjs SOURCE FOLDER SECONDS PATTERN [SETTINGS]
 *
 * PATTERN is a name, a glob or a number of a file; see `unchoke inspect`.
 */
import { download, Failure } from 'unchoke';

const [source, output, seconds, pattern, settings = '{}'] = process.argv.slice(2);
if (pattern === undefined) throw new Error('usage: part.mjs SOURCE FOLDER SECONDS PATTERN [SETTINGS]');

try {
  const { path, bytes, downloaded } = await download(source, {
    ...JSON.parse(settings),
    output,
    select: [pattern],
    signal: AbortSignal.timeout(Number(seconds) * 1_000),
  });
  console.log(`complete: ${path}, ${downloaded} of ${bytes} bytes downloaded now`);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  // Codes are stable, messages are for people.
  if (error.code === 'interrupted') console.log('not complete yet: call it again');
  else console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.code === 'interrupted' ? 75 : 1;
}
