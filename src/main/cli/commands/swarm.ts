/** The command line of `unchoke swarm`. */
import type { Command } from 'commander';

export interface SwarmFlags {
  readonly peers: string;
  readonly seed: string;
  readonly mix: string;
  readonly payload: string;
  readonly files: string;
  readonly pieceLength: string;
  readonly rate: string;
  readonly rtt: string;
  readonly for: string;
  readonly output: string;
  readonly json?: boolean;
}

export function swarmCommand(program: Command, run: (flags: SwarmFlags) => Promise<void>): void {
  program
    .command('swarm')
    .description(
      'run a swarm on loopback addresses until stopped: a tracker, dead addresses, refusing peers, seeds',
    )
    .option('--peers <n>', 'how many peers', '200')
    .option('--seed <n>', 'the same seed makes the same swarm', '1')
    .option(
      '--mix <name|file>',
      'wild, seeds, clients, or a JSON file with the share of each kind of peer',
      'wild',
    )
    .option('--payload <size>', 'bytes that the swarm serves, in all files together', '64M')
    .option('--files <n>', 'how many files they are, each larger than the one before', '1')
    .option('--piece-length <size>', 'piece length of the torrent', '256K')
    .option('--rate <rate>', 'upload rate of a seed in bytes per second; 0 is unlimited', '0')
    .option('--rtt <duration>', 'delay of each answer', '0')
    .option('--for <duration>', 'stop after this time', '1h')
    .option('-o, --output <file>', 'the .torrent file to write', 'swarm.torrent')
    .option('--json', 'print the description of the swarm as one line of JSON')
    .action(run);
}
