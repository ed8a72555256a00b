/** `unchoke fleet …`: many torrents over several machines, on a queue. Each of its commands has a name of two words. */
import { Argument, Command, Option } from 'commander';
import {
  DEFAULT_FLEET_AFFINITY_MS,
  DEFAULT_FLEET_ATTEMPTS,
  DEFAULT_FLEET_BACKOFF_MS,
  DEFAULT_FLEET_LOCK_MS,
  DEFAULT_PARALLEL_DOWNLOADS,
} from '../../../shared/limits.ts';
import { Failure } from '../../failure.ts';
import { FLEET_WORDS } from '../command-word.ts';
import type { ColourChoice } from '../output/paint.ts';
import { inWords } from '../similar-words.ts';
import { type GetFlags, withGetOptions } from './get-flags.ts';
import { many, SOURCE_HELP, seconds, withOutputForm } from './options.ts';

export interface QueueFlags {
  readonly queue?: string;
  readonly queueName: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

export interface FleetAddFlags extends QueueFlags {
  readonly select: readonly string[];
  readonly tracker: readonly string[];
  readonly priority: string;
  readonly attempts: string;
  readonly backoff: string;
}

export interface FleetWorkFlags extends GetFlags, QueueFlags {
  readonly slots: string;
  readonly machine?: string;
  readonly affinity: string;
  readonly drain: 'hand-over' | 'finish';
  readonly lockTime: string;
}

export interface FleetStatusFlags extends QueueFlags {
  readonly watch?: boolean;
  readonly prometheus?: boolean;
}

export interface FleetJobFlags extends QueueFlags {
  readonly all?: boolean;
}

export interface FleetRuns {
  add(sources: readonly string[], flags: FleetAddFlags): Promise<void>;
  work(flags: FleetWorkFlags): Promise<void>;
  status(flags: FleetStatusFlags): Promise<void>;
  retry(hashes: readonly string[], flags: FleetJobFlags): Promise<void>;
  remove(hashes: readonly string[], flags: QueueFlags): Promise<void>;
  pause(flags: QueueFlags): Promise<void>;
  resume(flags: QueueFlags): Promise<void>;
}

const EXAMPLES = `Examples:
  export UNCHOKE_QUEUE=redis://:PASSWORD@queue.example:6379
  unchoke fleet add *.torrent
  unchoke fleet work -o /srv/torrents --slots 5
  unchoke fleet status --watch`;

/** They belong to one download, or to a terminal. They are known, so that the error can say where they work. */
const ONLY_GET: readonly string[] = [
  '--choose',
  '--dry-run',
  '--report',
  '--save-torrent',
  '--parallel',
  '--on-complete',
  '--select',
];

export function fleetCommands(program: Command, runs: FleetRuns): void {
  program
    .command('fleet')
    .description('many torrents over several machines, on a queue that they share')
    .addArgument(new Argument('[command]', 'what to do').choices([...FLEET_WORDS]))
    .addHelpText('after', `\n${EXAMPLES}`)
    .action(() => {
      throw new Failure('usage', `fleet: a command is missing; give ${inWords(FLEET_WORDS)}`);
    });
  add(program, 'add')
    .description('add torrents to the queue; one that is there already stays one job')
    .argument(
      '<source...>',
      `${SOURCE_HELP}; a folder of .torrent files; or @FILE, a text file with one source per line`,
    )
    .addOption(
      many(
        '--select <name|glob|index>',
        'download only these files (see unchoke inspect); may be repeated',
        'all',
      ),
    )
    .addOption(many('--tracker <url>', 'one more tracker to ask; may be repeated'))
    .option('--priority <n>', 'jobs with a small number come first', '0')
    .option('--attempts <n>', 'tries that may fail before the job has failed', String(DEFAULT_FLEET_ATTEMPTS))
    .option(
      '--backoff <duration>',
      'the wait after the first failed try; doubles',
      seconds(DEFAULT_FLEET_BACKOFF_MS),
    )
    .action(runs.add);
  work(program).action(runs.work);
  add(program, 'status')
    .description('show the jobs, the machines and their rates, and why jobs have failed')
    .option('--watch', 'show it again every two seconds, until Ctrl-C')
    .option('--prometheus', 'print it as Prometheus text')
    .action(runs.status);
  add(program, 'retry')
    .description('try jobs again that have failed')
    .argument('[hash...]', 'the info hash of a job')
    .option('--all', 'all jobs that have failed')
    .action(runs.retry);
  add(program, 'remove')
    .description('remove jobs from the queue; files stay')
    .argument('<hash...>', 'the info hash of a job')
    .action(runs.remove);
  add(program, 'pause')
    .description('begin no more jobs, on all machines; those that run go on')
    .action(runs.pause);
  add(program, 'resume').description('begin jobs again after a pause').action(runs.resume);
}

function work(program: Command): Command {
  const command = withGetOptions(withQueueOptions(named(program, 'work')), { hasParts: false })
    .description('download jobs of the queue until it is stopped')
    .optionsGroup('Queue:')
    .option('--slots <n>', 'jobs that this machine downloads at one time', String(DEFAULT_PARALLEL_DOWNLOADS))
    .option(
      '--machine <name>',
      'the name of this machine and its output folder (default: the name of the host)',
    )
    .option(
      '--affinity <duration>',
      'how long a job waits for the machine that has its data; 0 on storage that all machines share',
      seconds(DEFAULT_FLEET_AFFINITY_MS),
    )
    .addOption(
      new Option(
        '--drain <how>',
        'on SIGTERM or Ctrl-C; hand-over: jobs go back to the queue; finish: they end first',
      )
        .choices(['hand-over', 'finish'])
        .default('hand-over'),
    )
    .option(
      '--lock-time <duration>',
      'a machine that is silent for this time loses its jobs',
      seconds(DEFAULT_FLEET_LOCK_MS),
    );
  for (const option of command.options)
    if (ONLY_GET.includes(option.long ?? '') || /^--cluster/.test(option.long ?? '')) option.hideHelp();
  return command;
}

/** Commander finds a command by its whole name; `command-word.ts` joins the two words. */
function named(program: Command, word: (typeof FLEET_WORDS)[number]): Command {
  const command = new Command(`fleet ${word}`).copyInheritedSettings(program);
  program.addCommand(command, { hidden: true });
  return command;
}

function add(program: Command, word: (typeof FLEET_WORDS)[number]): Command {
  return withOutputForm(withQueueOptions(named(program, word)))
    .option('-q, --quiet', 'print nothing but errors')
    .optionsGroup('Options:');
}

function withQueueOptions(command: Command): Command {
  return command
    .optionsGroup('Queue:')
    .option(
      '--queue <url>',
      'the server of the queue, redis, valkey or postgres, such as redis://HOST:6379; rediss is redis with TLS; a user, a password and a database are parts of the URL',
    )
    .option('--queue-name <name>', 'several fleets may share a server', 'unchoke');
}
