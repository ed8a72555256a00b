/** The command line with the bytes that the user gave. Node reads it as UTF-8 and loses all other bytes. */
import { readFileSync } from 'node:fs';
import { nameOfBytes } from '../../shared/byte-name.ts';

/** Like `process.argv`. On systems that do not show the bytes, it is what Node made of them. */
export function rawArguments(): readonly string[] {
  const { argv } = process;
  if (process.platform !== 'linux' || !argv.some((word) => word.includes('\ufffd'))) return argv;
  try {
    const line = readFileSync('/proc/self/cmdline');
    const words: string[] = [];
    for (let start = 0, end = line.indexOf(0); end >= 0; start = end + 1, end = line.indexOf(0, start))
      words.push(nameOfBytes(line.subarray(start, end)));
    // Node's own options come first.
    const own = argv.length - 2;
    return [...argv.slice(0, 2), ...words.slice(words.length - own)];
  } catch {
    return argv;
  }
}
