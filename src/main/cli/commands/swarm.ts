/** `unchoke swarm`: the command line of it. */
import type { Command } from 'commander';

export interface SwarmFlags {
  readonly peers: string;
  readonly seed: string;
  readonly mix: string;
  readonly payload: string;
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
    .description('run a swarm on loopback addresses: tracker, dead addresses, refusers, seeds; until stopped')
    .option('--peers <n>', 'how many peers', '200')
    .option('--seed <n>', 'the same seed deals the same swarm', '1')
    .option('--mix <name|file>', 'wild, seeds, clients, or a JSON file of shares', 'wild')
    .option('--payload <size>', 'size of the file that it serves', '64M')
    .option('--piece-length <size>', 'piece length of its torrent', '256K')
    .option('--rate <rate>', 'what a seed sends, in bytes a second; 0 is unlimited', '0')
    .option('--rtt <duration>', 'how long each answer is on its way', '0')
    .option('--for <duration>', 'stop by itself after this long', '1h')
    .option('-o, --output <file>', 'where to write its .torrent', 'swarm.torrent')
    .option('--json', 'describe it as one JSON line')
    .action(run);
}
