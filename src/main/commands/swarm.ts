/** `unchoke swarm`: a loopback swarm to race against. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Console } from '../console.ts';
import { Interrupt } from '../interrupt.ts';
import { type SwarmInfo, type SwarmRequest, startSwarm } from '../swarm-child.ts';
import { formatDuration, formatSize, parseCount, parseDuration, parseSize } from '../units.ts';

interface Flags {
  readonly peers: string;
  readonly seed: string;
  readonly mix: string;
  readonly payload: string;
  readonly pieceLength: string;
  readonly rate: string;
  readonly rtt: string;
  readonly for: string;
  readonly output: string;
  readonly json: boolean;
}

export function swarmCommand(program: Command): void {
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
    .option('--json', 'describe it as one JSON line', false)
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const console = new Console({ json: flags.json, quiet: false });
  const request: SwarmRequest = {
    peers: parseCount('--peers', flags.peers, 1),
    seed: parseCount('--seed', flags.seed),
    mix: flags.mix,
    payloadBytes: parseSize('--payload', flags.payload),
    pieceBytes: parseSize('--piece-length', flags.pieceLength),
    rate: parseSize('--rate', flags.rate),
    rttMs: parseDuration('--rtt', flags.rtt),
    torrent: resolve(flags.output),
    lifetimeMs: parseDuration('--for', flags.for),
  };
  const swarm = await startSwarm(request);
  const interrupt = new Interrupt(() => void swarm.stop());
  const { torrent, ...rest } = swarm.info;
  console.event('swarm', { torrent, ...rest });
  console.result(swarmText(swarm.info, request));
  await swarm.ended;
  interrupt.release();
}

/** The swarm in a few lines. */
export function swarmText(
  info: SwarmInfo,
  request: Pick<SwarmRequest, 'payloadBytes' | 'seed' | 'mix'>,
): string {
  const counts = Object.entries(info.counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  const lines = [
    `swarm of ${info.peers} peers (mix ${request.mix}, seed ${request.seed}), ${formatSize(request.payloadBytes)}: ${info.torrent}`,
    `  ${counts}`,
  ];
  if (info.oracle !== null) {
    const { ms, peer, handshakeMs, unchokeMs } = info.oracle;
    lines.push(
      `  oracle ${formatDuration(ms)}: ${peer} shakes hands after ${formatDuration(handshakeMs)} and unchokes ${formatDuration(unchokeMs)} later`,
    );
  }
  if (!info.trueTimeout)
    lines.push('  this system answers connects to a full queue: black holes accept and stay silent instead');
  return lines.join('\n');
}
