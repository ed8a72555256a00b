/**
 * Options of other clients (aria2c, transmission-cli, webtorrent-cli, mktorrent, curl). Where one means the same as ours, it works
 * under its own name; else there is an answer that says what to use.
 */
import { type Command, Option } from 'commander';

/** By the flags of our option: other names of it. An option without a short name in its list has a long one only. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  '-o, --output <dir>': ['-d, --dir', '-w, --download-dir', '--out', '--output-dir', '--save-path'],
  '--download-limit <rate>': ['--max-overall-download-limit', '--limit-rate'],
  '--upload-limit <rate>': ['--max-overall-upload-limit'],
  '-q, --quiet': ['--silent'],
  '--nat': ['--portmap'],
  '--no-nat': ['--no-portmap'],
};

const OUTPUT = 'use -o DIR';
const SELECT = 'use --select INDEX; unchoke inspect shows the indices, which begin with 0';
const TRACKER = 'use --tracker URL, once for each tracker';
const LIST = 'use @FILE as the source';
const RESUMES = 'it is not needed: the same command resumes';
const PROGRAM = 'use --on-complete PROGRAM';
const ENCRYPTED = 'use --encryption require';
const ALONE = 'write the file without an option before it';
const UPLOAD = 'use --upload-limit RATE, such as 400K; it is for all torrents together';
const DOWNLOAD = 'use --download-limit RATE, such as 400K; it is for all torrents together';
const COMMENT = 'use --comment TEXT';

/** By option of another client: what to do here. An answer that names an option is for the commands that have it. */
const ANSWERS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['--bt-tracker', [TRACKER]],
  ['--announce', [TRACKER]],
  ['--trackers', [TRACKER]],
  ['-a', [TRACKER]],
  ['-t', [TRACKER]],
  ['--select-file', [SELECT]],
  ['-s', ['use --select INDEX to choose files, or --quiet to print less', 'use --quiet']],
  [
    '--files',
    ['use --select INDEX; unchoke inspect shows the files', 'use unchoke inspect to see the files'],
  ],
  ['--show-files', ['use unchoke inspect']],
  ['-S', ['use unchoke inspect to see the files']],
  ['--listen-port', ['use --port N']],
  ['--dht-listen-port', ['use --port N']],
  ['--torrent-port', ['use --port N']],
  ['-p', ['use --port N']],
  ['--bt-max-peers', ['use --max-peers N']],
  ['--max-connections', ['use --max-peers N']],
  ['--max-conns', ['use --max-peers N']],
  ['--max-concurrent-downloads', ['use --parallel N']],
  ['-j', ['use --parallel N']],
  ['-i', [LIST]],
  ['--input-file', [LIST]],
  ['--torrent-file', [ALONE]],
  ['--torrent', [ALONE]],
  ['--magnet', ['write the link without an option before it']],
  ['-T', [ALONE]],
  ['--file-allocation', ['use --preallocate none or full']],
  ['--all-proxy', ['use --proxy URL']],
  ['-x', ['use --proxy URL']],
  ['--bt-require-crypto', [ENCRYPTED]],
  ['--bt-force-encryption', [ENCRYPTED]],
  ['--encryption-required', [ENCRYPTED]],
  ['--on-done', [PROGRAM]],
  ['--on-download-complete', [PROGRAM]],
  ['--on-bt-download-complete', [PROGRAM]],
  ['--finish', [PROGRAM]],
  ['-f', [PROGRAM]],
  ['-b', ['use --blocklist FILE']],
  ['-l', ['use --log FILE']],
  ['-u', [UPLOAD]],
  ['--uplimit', [UPLOAD]],
  ['--max-upload-limit', [UPLOAD]],
  ['--downlimit', [DOWNLOAD]],
  ['--max-download-limit', [DOWNLOAD]],
  ['-m', ['use --nat']],
  ['-M', ['use --no-nat']],
  ['--enable-dht', ['the DHT is on; --no-dht turns it off']],
  ['--enable-peer-exchange', ['peer exchange is on; --no-pex turns it off']],
  ['--bt-enable-lpd', ['local discovery is on; --no-lsd turns it off']],
  ['--continue', [RESUMES]],
  ['-c', [COMMENT, RESUMES]],
  ['-D', ['it does not leave the terminal; docs/service.md shows how to run it as a service']],
  ['--daemon', ['it does not leave the terminal; docs/service.md shows how to run it as a service']],
  ['--check-integrity', ['use unchoke verify']],
  ['--verify', ['use unchoke verify']],
  ['--conf-path', ['options can stand in unchoke.json; see unchoke man']],
  ['--config', ['options can stand in unchoke.json; see unchoke man']],
  ['--log-level', ['use --verbose']],
  ['--debug', ['use -vv', 'use --verbose']],
  ['--metadata-only', ['use unchoke inspect']],
  ['--destination', [OUTPUT]],
]);

const OTHER_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['edit', 'use unchoke create to make a new torrent'],
  ['hash', 'unchoke inspect shows the info hash, unchoke verify checks files'],
  ['resume', 'unchoke get with the same source resumes'],
  ['continue', 'unchoke get with the same source resumes'],
  ['start', 'use unchoke get'],
  ['stop', 'Ctrl-C ends a download in order, and the same command resumes'],
  ['pause', 'Ctrl-C ends a download in order, and the same command resumes'],
]);

/** What to do here instead of a command of another client; null if we do not know. */
export function answerToCommand(word: string): string | null {
  return OTHER_COMMANDS.get(word) ?? null;
}

/** Another name of an option. It sets the same value. */
class Alias extends Option {
  readonly #of: Option;

  constructor(of: Option, name: string) {
    super(name + of.flags.replace(/^[^<[]*?(?=\s[<[]|$)/, ''), of.description);
    this.#of = of;
    this.hideHelp();
    if (of.parseArg !== undefined) this.argParser(of.parseArg);
  }

  override attributeName(): string {
    return this.#of.attributeName();
  }
}

/** Gives the options of a command their names in other clients. They are hidden, and are no settings. */
export function addAliases(command: Command): void {
  for (const option of [...command.options])
    for (const name of ALIASES[option.flags] ?? []) {
      const key = option.attributeName();
      const [value, source] = [command.getOptionValue(key), command.getOptionValueSource(key)];
      command.addOption(new Alias(option, name));
      // A new --no-… would set its own default.
      command.setOptionValueWithSource(key, value, source);
    }
}

/** What to do here instead of an option of another client; null if we do not know. `name`: as typed, without a value. */
export function answerTo(name: string, command: Command): string | null {
  const isShort = /^-[^-]/.test(name);
  const answers = ANSWERS.get(isShort ? name.slice(0, 2) : name) ?? [];
  return answers.find((answer) => fits(answer, command)) ?? null;
}

function fits(answer: string, command: Command): boolean {
  const [named] = /(?<=^|\s)--?[a-z][a-z-]*/.exec(answer) ?? [];
  if (named === undefined) return true;
  return command.options.some(({ short, long }) => named === long || named === short || named === '-vv');
}
