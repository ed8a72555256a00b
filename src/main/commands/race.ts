/** `unchoke race`: who unchokes first, and why everybody else did not. Downloads nothing. */
import { type Command, Option } from 'commander';
import { CHOKED_RACE_MS } from '../../shared/limits.ts';
import { Console } from '../console.ts';
import { descriptorBudget } from '../descriptors.ts';
import { Discovery } from '../discovery/discovery.ts';
import { EXIT_STATUS, Failure } from '../failure.ts';
import { CLIENT_NAME, newPeerId } from '../identity.ts';
import { Interrupt } from '../interrupt.ts';
import { phaseText, phaseTotals } from '../phase-totals.ts';
import { Race } from '../race.ts';
import { raceReport } from '../report/race-report.ts';
import { reportText } from '../report/report-text.ts';
import { loadTorrent } from '../torrent/load.ts';
import { formatDuration, parseDuration } from '../units.ts';
import { usageFigures } from '../usage-figures.ts';
import { limitsOf, namedPeersOf, type RaceFlags, shardsOf, withRaceOptions } from './options.ts';

const ENDS = ['settled', 'first-unchoke', 'first-block'] as const;
/** How often it is looked whether the race is over. */
const LOOK_MS = 50;

interface Flags extends RaceFlags {
  readonly until: (typeof ENDS)[number];
  readonly firstUnchokeTimeout: string;
}

export function raceCommand(program: Command, setStatus: (status: number) => void): void {
  withRaceOptions(program.command('race'))
    .description('race all peers to the first unchoke and tell what became of each; downloads nothing')
    .argument('<source>', 'a .torrent file')
    .addOption(new Option('--until <end>', 'when the race is over').choices([...ENDS]).default('settled'))
    .option(
      '--first-unchoke-timeout <duration>',
      'give up when nobody has unchoked us',
      `${CHOKED_RACE_MS / 1_000}s`,
    )
    .action(async (source: string, flags: Flags) => setStatus(await race(source, flags)));
}

async function race(source: string, flags: Flags): Promise<number> {
  const metainfo = loadTorrent(source);
  const console = new Console(flags);
  const peerId = newPeerId();
  const timeoutMs = parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout);
  const named = namedPeersOf(flags);
  const shards = shardsOf(flags);
  const bugs: unknown[] = [];
  const run = new Race(
    {
      infoHash: metainfo.infoHash,
      peerId,
      clientName: CLIENT_NAME,
      geometry: metainfo.geometry,
      strategy: flags.strategy,
      keep: 0,
      shards,
      limits: { ...limitsOf(flags, descriptorBudget(shards, 0)), maxPeers: 0 },
      chokedTimeoutMs: CHOKED_RACE_MS,
      download: null,
    },
    {
      onFirstUnchoke: ({ peer, shard }, ms) => {
        console.event('first-unchoke', { ms, peer: run.peers.nameOf(peer), shard });
        console.news(`first unchoke after ${formatDuration(ms)} from ${run.peers.nameOf(peer)}`);
      },
      onFull: () => {},
      onClosed: () => {},
      onBanned: () => {},
      onShardLost: (_, error) => console.news(`a shard died and was replaced: ${String(error)}`),
      onBug: (error) => bugs.push(error),
    },
  );
  const discovery = new Discovery({
    metainfo,
    peerId,
    named,
    trackers: flags.trackers,
    progress: () => ({ downloaded: 0, left: metainfo.geometry.totalLength }),
    onPeers: (peers, from) => run.add(peers, from),
    onNews: ({ tracker, kind, text }) => console.news(`${tracker} ${kind}: ${text}`),
  });
  console.event('metadata', {
    name: metainfo.name,
    infoHash: Buffer.from(metainfo.infoHash).toString('hex'),
  });
  const discovering = discovery.start();
  const interrupted = await untilOver(flags, timeoutMs, run, discovery, console, () => bugs.length > 0);
  await Promise.all([discovering, discovery.stop(), run.stop()]);
  if (bugs.length > 0) throw bugs[0];
  const report = raceReport(run, flags.strategy);
  console.event('summary', { ...report, ...usageFigures() });
  console.result(reportText(report, null));
  if (interrupted) return EXIT_STATUS.interrupted;
  if (run.peers.size === 0)
    throw new Failure('no-peer', 'no peer to race: no tracker named one, and --peer named none');
  return report.ttfuMs === null ? EXIT_STATUS['no-peer'] : 0;
}

/** Resolves when the race is over; true if the user ended it. */
function untilOver(
  flags: Flags,
  timeoutMs: number,
  run: Race,
  discovery: Discovery,
  console: Console,
  broken: () => boolean,
): Promise<boolean> {
  const begun = performance.now();
  let toldAt = begun;
  return new Promise((resolve) => {
    const finish = (interrupted: boolean): void => {
      clearInterval(timer);
      interrupt.release();
      resolve(interrupted);
    };
    const interrupt = new Interrupt(() => finish(true));
    const timer = setInterval(() => {
      const now = performance.now();
      const tooLate = timeoutMs > 0 && run.ttfuMs === null && now - begun >= timeoutMs;
      if (broken() || tooLate || isOver(flags.until, run, discovery)) return finish(false);
      if (now - toldAt < console.progressMs) return;
      toldAt = now;
      const totals = phaseTotals(run.shardStats);
      console.progress(phaseText(run.peers.size, totals));
      console.event('progress', { known: run.peers.size, ...totals });
    }, LOOK_MS);
  });
}

function isOver(until: Flags['until'], run: Race, discovery: Discovery): boolean {
  if (until === 'first-unchoke' && run.ttfuMs !== null) return true;
  if (until === 'first-block' && run.firstBlockMs !== null) return true;
  const settled = run.peers.size > 0 && run.peers.allSettled;
  return settled || (run.peers.size === 0 && !discovery.hopeful);
}
