/** The built command line as a seed, in its own process. */
import { once } from 'node:events';
import { type CliResult, type RunningCli, startCli } from './cli.ts';

export interface OurSeed {
  readonly port: number;
  readonly pid: number;
  readonly running: RunningCli;
  /** It has everything. */
  complete(): Promise<void>;
  /** Ends it as Ctrl-C does, unless it has ended by itself. */
  stop(): Promise<CliResult>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Gives what is in `folder`. It names no peers to anybody and asks nobody, unless the options say so. Ready: it seeds. */
export async function ourSeed(
  torrent: string,
  folder: string,
  ...options: readonly string[]
): Promise<OurSeed> {
  const seed = await ourGet(torrent, folder, '--seed', ...options);
  await seed.complete();
  return seed;
}

/** The same, as soon as peers can connect: it may still download. */
export async function ourGet(
  torrent: string,
  folder: string,
  ...options: readonly string[]
): Promise<OurSeed> {
  const running = startCli(['get', torrent, '-o', folder, '--json', ...options]);
  const said = await running.line((line) => line.includes('"type":"listening"'));
  const { port } = JSON.parse(said) as { port: number };
  const { child } = running;
  return {
    port,
    pid: child.pid as number,
    running,
    complete: async () => void (await running.line((line) => line.includes('"type":"complete"'))),
    stop: () => {
      child.kill('SIGINT');
      return running.ended;
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
