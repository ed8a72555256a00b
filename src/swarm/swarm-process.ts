/**
 * The swarm as its own process. Its one argument is JSON. It writes the .torrent, prints one JSON line once everything
 * listens, and runs until its standard input ends, a signal arrives or its time is up.
 */
import { writeFileSync } from 'node:fs';
import { mixOf } from './mix.ts';
import { openSwarm } from './swarm.ts';

interface Arguments {
  readonly peers: number;
  readonly seed: number;
  readonly mix: string;
  readonly payloadBytes: number;
  readonly files?: number;
  readonly pieceBytes: number;
  readonly rate: number;
  readonly rttMs: number;
  readonly network?: number;
  readonly torrent: string;
  readonly lifetimeMs: number;
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as Arguments;
  const swarm = await openSwarm({ ...options, mix: mixOf(options.mix) });
  writeFileSync(options.torrent, swarm.torrent.bytes);
  const { torrent, announce, oracle, counts, trueTimeout, addresses } = swarm;
  print({
    type: 'swarm',
    v: 1,
    torrent: options.torrent,
    infoHash: torrent.infoHash.toString('hex'),
    announce,
    peers: addresses.length,
    counts,
    trueTimeout,
    oracle,
    pid: process.pid,
  });
  const stop = (): void => {
    clearTimeout(timer);
    print({ type: 'swarm-stats', ...swarm.stats() });
    swarm.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  const timer = setTimeout(stop, options.lifetimeMs);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.once('SIGHUP', stop);
  process.stdin.once('end', stop).once('error', stop).resume();
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
});
