/** Parses the command line, runs one command, and turns its result into an exit status. */
import { Command, CommanderError } from 'commander';
import { EXIT_STATUS, Failure, type FailureCode } from '../failure.ts';
import { namingLostFolder } from '../files/lost-folder.ts';
import { showSecrets } from '../text/foreign-text.ts';
import { withCommand } from './command-word.ts';
import { benchCommand } from './commands/bench.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { createCommand } from './commands/create.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { fleetCommands } from './commands/fleet.ts';
import { getCommand } from './commands/get.ts';
import { inspectCommand } from './commands/inspect.ts';
import { manCommand } from './commands/man.ts';
import { raceCommand } from './commands/race.ts';
import { shareCommand } from './commands/share.ts';
import { swarmCommand } from './commands/swarm.ts';
import { verifyCommand } from './commands/verify.ts';
import { watchCommand } from './commands/watch.ts';
import { setUpHelp } from './help.ts';
import { addAliases } from './other-clients.ts';
import { surviveLostTerminals } from './output/lost-terminal.ts';
import { JSON_VERSION, type JsonLine } from './output/run-events.ts';
import {
  lostStdout,
  outliveReaders,
  sizeTerminals,
  writeJson,
  writeLines,
  writeResults,
} from './output/terminal.ts';
import { usageError } from './output/usage-error.ts';
import { rawArguments } from './raw-arguments.ts';
import { applySettings, type Origins, settingsOf, withOrigin } from './settings.ts';
import { unknownText, unknownVariables } from './unknown-variables.ts';
import { versionText } from './version.ts';

const EXAMPLES = `
Examples:
  unchoke ubuntu.torrent -o ~/Downloads   download; run it again to resume
  unchoke 'magnet:?xt=urn:btih:…'         from a magnet link or an info hash
  unchoke race x.torrent                  which peer unchokes first, and why
  unchoke doctor x.torrent                why a download does not start
  unchoke demo                            try it here; needs no network

Options can also be set in UNCHOKE_… variables and in unchoke.json:
see unchoke config`;

interface OutputFlags {
  readonly json?: boolean;
  readonly showSecrets?: boolean;
  readonly quiet?: boolean;
}

/** Loaded when a command runs, so that `--help` is fast. A deleted folder is named before a thread can fail in it. */
const runs = () => {
  process.cwd();
  return import('./runs/runs.ts');
};

/** Resolves to the exit status. */
export async function main(): Promise<number> {
  surviveLostTerminals();
  outliveReaders();
  sizeTerminals();
  let status = 0;
  const setStatus = (value: number): void => {
    status = value;
  };
  const program = new Command('unchoke')
    .description('A BitTorrent downloader that tries every peer at once and starts at the first unchoke.')
    .version(versionText(), '-V, --version', 'show the version, the commit, and those of Node and the system')
    .showHelpAfterError('(run unchoke --help for more)')
    .addHelpText('after', EXAMPLES)
    .configureOutput({
      writeOut: (text) => writeResults(linesOf(text)),
      writeErr: (text) => writeLines('stderr', linesOf(text)),
    })
    .showSuggestionAfterError(false)
    .exitOverride();
  getCommand(program, async (...asked) => setStatus(await (await runs()).runGet(...asked)));
  shareCommand(program, async (...asked) => setStatus(await (await runs()).runShare(...asked)));
  watchCommand(program, async (...asked) => setStatus(await (await runs()).runWatch(...asked)));
  raceCommand(program, async (...asked) => setStatus(await (await runs()).runRace(...asked)));
  doctorCommand(program, async (...asked) => setStatus(await (await runs()).runDoctor(...asked)));
  benchCommand(program, async (...asked) => setStatus(await (await runs()).runBench(...asked)));
  verifyCommand(program, async (...asked) => setStatus(await (await runs()).runVerify(...asked)));
  inspectCommand(program, async (...asked) => (await runs()).runInspect(...asked));
  createCommand(program, async (...asked) => (await runs()).runCreate(...asked));
  swarmCommand(program, async (...asked) => (await runs()).runSwarm(...asked));
  demoCommand(program, async (...asked) => setStatus(await (await runs()).runDemo(...asked)));
  fleetCommands(program, {
    add: async (...asked) => setStatus(await (await runs()).runFleetAdd(...asked)),
    work: async (...asked) => setStatus(await (await runs()).runFleetWork(...asked)),
    status: async (...asked) => setStatus(await (await runs()).runFleetStatus(...asked)),
    retry: async (...asked) => (await runs()).runFleetRetry(...asked),
    remove: async (...asked) => (await runs()).runFleetRemove(...asked),
    pause: async (...asked) => (await runs()).runFleetPause(...asked),
    resume: async (...asked) => (await runs()).runFleetResume(...asked),
  });
  configCommand(program);
  completionCommand(program);
  manCommand(program);
  setUpHelp(program);
  for (const command of program.commands) {
    addAliases(command);
    command.exitOverride().showHelpAfterError(`(run unchoke ${command.name()} --help for more)`);
  }
  let asJson = process.argv.includes('--json');
  for (const command of [program, ...program.commands])
    command.configureOutput({
      outputError: (text, write) => {
        const message = usageError(text, command);
        if (asJson) writeError('usage', message);
        write(`unchoke: ${message}`);
      },
    });
  let origins: Origins = new Map();
  program.hook('preAction', (_, command) => {
    origins = applySettings(command, program.commands, process.env);
    const { json, showSecrets: shown, quiet } = command.opts<OutputFlags>();
    asJson ||= json === true;
    showSecrets(shown === true);
    // `config` shows them itself.
    const isTold = quiet === true || command.name() === 'config' || settingsOf(command).length === 0;
    const unknown = isTold ? [] : unknownVariables(program.commands, process.env);
    if (unknown.length > 0) writeLines('stderr', unknown.map(unknownText));
  });
  // Node would write the error to stderr itself, without making the words of strangers in it safe.
  process.once('uncaughtException', (error) => process.exit(statusOf(error, asJson)));
  try {
    const [node = '', script = '', ...words] = rawArguments();
    await program.parseAsync([node, script, ...withCommand(words)]);
  } catch (error) {
    status = statusOf(withOrigin(error, origins), asJson);
  }
  const lost = await lostStdout();
  return lost === null ? status : statusOf(lost, false);
}

function statusOf(thrown: unknown, asJson: boolean): number {
  const error = namingLostFolder(thrown);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STATUS.usage;
  const code = error instanceof Failure ? error.code : 'bug';
  const message = error instanceof Error ? error.message : String(error);
  if (asJson) writeError(code, message);
  const [first = '', ...more] = error instanceof Failure ? error.lines : [message];
  writeLines('stderr', [`unchoke: ${first}`, ...more]);
  if (code === 'bug' && error instanceof Error)
    writeLines('stderr', ['this is a bug in unchoke:', ...linesOf(error.stack ?? '')]);
  return EXIT_STATUS[code];
}

function writeError(code: FailureCode, message: string): void {
  writeJson({ type: 'error', v: JSON_VERSION, code, message } satisfies JsonLine);
}

/** Text from commander or Node. */
function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}
