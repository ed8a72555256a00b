/** Runs `unchoke swarm`: a loopback swarm to race against. */
import { resolve } from 'node:path';
import {
  MAX_PIECE_BYTES,
  MAX_PIECES,
  MAX_SWARM_FILES,
  MAX_SWARM_PAYLOAD_BYTES,
  MIN_LOOK_MS,
} from '../../../shared/limits.ts';
import { BadOption } from '../../failure.ts';
import { outputFile } from '../../files/output-option.ts';
import {
  formatDuration,
  formatSize,
  formatTime,
  parseCount,
  parseDuration,
  parseSize,
} from '../../text/units.ts';
import type { SwarmFlags } from '../commands/swarm.ts';
import { Console } from '../output/console.ts';
import { consoleOptions } from '../settings-from-flags.ts';
import { Interrupt } from './interrupt.ts';
import { type SwarmInfo, type SwarmRequest, startSwarm } from './swarm-child.ts';

export async function runSwarm(flags: SwarmFlags): Promise<void> {
  const console = new Console(consoleOptions(flags));
  const request: SwarmRequest = {
    peers: parseCount('--peers', flags.peers, 1),
    seed: parseCount('--seed', flags.seed),
    mix: flags.mix,
    payloadBytes: parseSize('--payload', flags.payload, MAX_SWARM_PAYLOAD_BYTES),
    files: filesOf(flags),
    pieceBytes: pieceBytesOf(flags),
    rate: parseSize('--rate', flags.rate),
    rttMs: parseDuration('--rtt', flags.rtt),
    torrent: resolve(outputFile('--output', flags.output)),
    lifetimeMs: parseDuration('--for', flags.for, MIN_LOOK_MS),
  };
  const swarm = await startSwarm(request);
  const interrupt = new Interrupt(() => void swarm.stop());
  console.event({ type: 'swarm', ...swarm.info });
  console.result(swarmLines(swarm.info, request));
  console.news(
    `it runs until Ctrl-C, at most ${formatTime(request.lifetimeMs)}: try unchoke get, race or doctor with this torrent`,
  );
  await swarm.ended;
  interrupt.release();
}

/** Throws a usage failure for a torrent that we could not read ourselves. */
function pieceBytesOf({ pieceLength, payload }: SwarmFlags): number {
  const bytes = parseSize('--piece-length', pieceLength, MAX_PIECE_BYTES);
  const pieces = parseSize('--payload', payload) / bytes;
  if (!(pieces <= MAX_PIECES))
    throw new BadOption(
      '--piece-length',
      `${pieceLength}: --payload ${payload} would have more than ${MAX_PIECES} pieces`,
    );
  return bytes;
}

/** Throws a usage failure if a file would be empty. */
function filesOf({ files, payload }: SwarmFlags): number {
  const count = parseCount('--files', files, 1, MAX_SWARM_FILES);
  // The sizes are in the proportion of 1, 2, 3 and so on.
  if (parseSize('--payload', payload) < (count * (count + 1)) / 2)
    throw new BadOption('--files', `${files}: --payload ${payload} is too small for so many`);
  return count;
}

/** Describes the swarm in a few lines. */
export function swarmLines(
  info: SwarmInfo,
  request: Pick<SwarmRequest, 'payloadBytes' | 'seed' | 'mix' | 'files'>,
): string[] {
  const counts = Object.entries(info.counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  const { files = 1 } = request;
  const many = files === 1 ? '' : ` in ${files} files`;
  const lines = [
    `swarm of ${info.peers} peers (mix ${request.mix}, seed ${request.seed}), ${formatSize(request.payloadBytes)}${many}`,
    `  ${info.torrent}`,
    `  ${counts}`,
  ];
  if (info.oracle !== null) {
    const { ms, peer, handshakeMs, unchokeMs } = info.oracle;
    lines.push(
      `  oracle ${formatDuration(ms)}: ${peer}, handshake ${formatDuration(handshakeMs)} and unchoke ${formatDuration(unchokeMs)}`,
    );
  }
  if (!info.trueTimeout)
    lines.push(
      '  this system answers connections to a full queue, so the black holes accept and stay silent',
    );
  return lines;
}
