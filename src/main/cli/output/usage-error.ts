/** Errors of the option parser in our style, with an answer for words and options of other clients. */

/** By option of another client: what to do here. */
const OTHER_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['--download-dir', 'use -o DIR'],
  ['--out', 'use -o DIR'],
  ['--save-path', 'use -o DIR'],
  ['-w', 'use -o DIR'],
  ['--bt-tracker', 'use --tracker URL'],
  ['--announce', 'use --tracker URL'],
  ['--select-file', 'use --select INDEX; unchoke inspect shows the indices'],
  ['--show-files', 'use unchoke inspect'],
  ['--listen-port', 'use --port N'],
  ['--dht-listen-port', 'use --port N'],
  ['--bt-max-peers', 'use --max-peers N'],
  ['--max-connections', 'use --max-peers N'],
  ['--max-concurrent-downloads', 'use --parallel N'],
  ['-j', 'use --parallel N'],
  ['-i', 'use @FILE as the source'],
  ['--input-file', 'use @FILE as the source'],
  ['--file-allocation', 'use --preallocate none or full'],
  ['--all-proxy', 'use --proxy URL'],
  ['--bt-require-crypto', 'use --encryption require'],
  ['--bt-force-encryption', 'use --encryption require'],
  ['--encryption-required', 'use --encryption require'],
  ['--on-done', 'use --on-complete PROGRAM'],
  ['--on-download-complete', 'use --on-complete PROGRAM'],
  ['--on-bt-download-complete', 'use --on-complete PROGRAM'],
  ['--enable-dht', 'the DHT is on; --no-dht turns it off'],
  ['--enable-peer-exchange', 'peer exchange is on; --no-pex turns it off'],
  ['--bt-enable-lpd', 'local discovery is on; --no-lsd turns it off'],
  ['--continue', 'it is not needed: the same command resumes'],
  ['-c', 'it is not needed: the same command resumes'],
  ['--check-integrity', 'use unchoke verify'],
  ['--conf-path', 'options can stand in unchoke.json; see unchoke man'],
  ['--log-level', 'use --verbose'],
  ['--metadata-only', 'use unchoke inspect'],
  ['--max-download-limit', 'write --download-limit, which is for all torrents together'],
  ['--max-overall-download-limit', 'write --download-limit'],
  ['--max-upload-limit', 'write --upload-limit, which is for all torrents together'],
  ['--max-overall-upload-limit', 'write --upload-limit'],
]);

const OTHER_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['seed', 'use unchoke share PATH, or unchoke get --seed'],
  ['add', 'use unchoke get'],
  ['upload', 'use unchoke share PATH'],
  ['edit', 'use unchoke create to make a new torrent'],
]);

/** `text`: from commander, for example `error: unknown option '--dir'`. */
export function usageError(text: string): string {
  const [first = '', ...more] = text.trimEnd().split('\n');
  const plain = first.replace(/^error: /, '');
  const [, kind, word = ''] = /^unknown (option|command) '([^'=]+)/.exec(plain) ?? [];
  const advice = (kind === 'option' ? OTHER_OPTIONS : OTHER_COMMANDS).get(word);
  // The advice is surer than a word that is spelled like it.
  if (kind !== undefined && advice !== undefined) return `unchoke: unknown ${kind} '${word}'; ${advice}`;
  const guess = more.map((line) => line.trim()).join(' ');
  return `unchoke: ${plain}${guess === '' ? '' : `; ${guess.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?')}`}`;
}
