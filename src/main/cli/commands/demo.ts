/** `unchoke demo`: the command line of it. */
import type { Command } from 'commander';

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
    .description('race and download from a wild swarm on this machine; needs no network')
    .option('--peers <n>', 'peers of the swarm', '200')
    .option('--seed <n>', 'which swarm', '1')
    .option('--payload <size>', 'size of the download', '64M')
    .option('--report <file>', 'write the race as a page to look at (HTML)')
    .option('--json', 'results as JSON')
    .action(run);
}
