/** The command line of `unchoke demo`. */
import type { Command } from 'commander';
import { reportOption } from './options.ts';

export interface DemoFlags {
  readonly peers: string;
  readonly seed: string;
  readonly payload: string;
  readonly json?: boolean;
  readonly report?: string;
}

export function demoCommand(program: Command, run: (flags: DemoFlags) => Promise<void>): void {
  program
    .command('demo')
    .description('race and download from a swarm on this machine; needs no network')
    .option('--peers <n>', 'how many peers the swarm has', '200')
    .option('--seed <n>', 'the same seed makes the same swarm', '1')
    .option('--payload <size>', 'size of the download', '64M')
    .addOption(reportOption())
    .option('--json', 'print results as JSON, one object per line')
    .action(run);
}
