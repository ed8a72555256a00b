/** `unchoke race`: who unchokes first, and why everybody else did not. Downloads nothing. */
import { type Command, Option } from 'commander';
import type { Route } from '../../shared/http-visitor.ts';
import { CHOKED_RACE_MS } from '../../shared/limits.ts';
import { Console } from '../console.ts';
import type { Discovery } from '../discovery/discovery.ts';
import { EXIT_STATUS, Failure } from '../failure.ts';
import { HttpClient } from '../http-client.ts';
import { Interrupt } from '../interrupt.ts';
import { listenerFor, PeerSession } from '../peer-session.ts';
import { phaseText, phaseTotals } from '../phase-totals.ts';
import type { Race } from '../race.ts';
import { raceReport } from '../report/race-report.ts';
import { ReportFile } from '../report/report-file.ts';
import { reportText } from '../report/report-text.ts';
import { sharedBytes } from '../shared-bytes.ts';
import { printable } from '../text.ts';
import { namesOf, openSource, type Source } from '../torrent/source.ts';
import { formatDuration, parseDuration } from '../units.ts';
import { usageFigures } from '../usage-figures.ts';
import { type RaceFlags, routeOf, SOURCE_HELP, withRaceOptions } from './options.ts';

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
    .argument('<source>', SOURCE_HELP)
    .addOption(new Option('--until <end>', 'when the race is over').choices([...ENDS]).default('settled'))
    .option(
      '--first-unchoke-timeout <duration>',
      'give up when nobody has unchoked us',
      `${CHOKED_RACE_MS / 1_000}s`,
    )
    .action(async (source: string, flags: Flags) => setStatus(await race(source, flags)));
}

async function race(text: string, flags: Flags): Promise<number> {
  const route = routeOf(flags);
  const http = new HttpClient(route);
  try {
    return await raced(await openSource(text, http), flags, route, http);
  } finally {
    await http.close();
  }
}

async function raced(source: Source, flags: Flags, route: Route, http: HttpClient): Promise<number> {
  const console = new Console(flags);
  const timeoutMs = parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout);
  const reportFile = flags.report === undefined ? null : new ReportFile(flags.report);
  const bugs: unknown[] = [];
  const session: PeerSession = new PeerSession(
    {
      source,
      flags,
      route,
      http,
      keep: 0,
      downloads: false,
      listenPort: null,
      chokedTimeoutMs: CHOKED_RACE_MS,
      hashers: 0,
    },
    {
      ...listenerFor(console, (error) => bugs.push(error)),
      onFirstUnchoke: ({ peer, shard }, ms) => {
        const name = session.race.peers.nameOf(peer);
        console.event('first-unchoke', { ms, peer: name, shard });
        console.news(`first unchoke after ${formatDuration(ms)} from ${name}`);
      },
    },
  );
  const { race: run, discovery } = session;
  session.torrent().then(
    ({ name, infoHash, geometry, info, private: isPrivate }) => {
      console.event('metadata', { name: printable(name), infoHash: Buffer.from(infoHash).toString('hex') });
      run.setTorrent({ geometry, info: sharedBytes(info), private: isPrivate, download: null });
    },
    (error: unknown) => bugs.push(error),
  );
  const discovering = discovery.start();
  const interrupted = await untilOver(flags, timeoutMs, run, discovery, console, () => bugs.length > 0);
  await Promise.all([discovering, session.stop()]);
  if (bugs.length > 0) throw bugs[0];
  const report = raceReport(run, flags.strategy);
  reportFile?.write(run, report, { ...namesOf(source), wantedBytes: 0, downloadedBytes: 0, oracleMs: null });
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
  const settled = run.peers.size > 0 && run.peers.allSettled && !discovery.searching;
  return settled || (run.peers.size === 0 && !discovery.hopeful);
}
