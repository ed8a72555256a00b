/** The words of the command line with the bytes that the user gave: Node itself reads them as UTF-8 and loses all others. */
import { readFileSync } from 'node:fs';
import { nameOfBytes } from '../../shared/byte-name.ts';

/** As `process.argv`. Where the system does not tell the bytes they are what Node made of them. */
export function rawArguments(): readonly string[] {
  const { argv } = process;
  if (process.platform !== 'linux' || !argv.some((word) => word.includes('\ufffd'))) return argv;
  try {
    const line = readFileSync('/proc/self/cmdline');
    const words: string[] = [];
    for (let start = 0, end = line.indexOf(0); end >= 0; start = end + 1, end = line.indexOf(0, start))
      words.push(nameOfBytes(line.subarray(start, end)));
    // In front of them are Node's own options.
    const own = argv.length - 2;
    return [...argv.slice(0, 2), ...words.slice(words.length - own)];
  } catch {
    return argv;
  }
}
