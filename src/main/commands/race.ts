/** `unchoke race`: who unchokes first, and why everybody else did not. Downloads nothing. */
import { type Command, Option } from 'commander';
import type { Route } from '../../shared/http-visitor.ts';
import { CHOKED_RACE_MS } from '../../shared/limits.ts';
import { Console } from '../console.ts';
import { EXIT_STATUS, Failure } from '../failure.ts';
import { HttpClient } from '../http-client.ts';
import type { PeerSession } from '../peer-session.ts';
import { isSettled, RaceRun } from '../race-run.ts';
import { raceReport } from '../report/race-report.ts';
import { ReportFile } from '../report/report-file.ts';
import { reportText } from '../report/report-text.ts';
import { namesOf, openSource, type Source } from '../torrent/source.ts';
import { parseDuration } from '../units.ts';
import { usageFigures } from '../usage-figures.ts';
import { type RaceFlags, routeOf, SOURCE_HELP, withRaceOptions } from './options.ts';

const ENDS = ['settled', 'first-unchoke', 'first-block'] as const;

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
  const isOver = (session: PeerSession, ms: number): boolean => {
    const tooLate = timeoutMs > 0 && session.race.ttfuMs === null && ms >= timeoutMs;
    return tooLate || hasEnded(flags.until, session);
  };
  const run = new RaceRun({ source, flags, route, http, console, isOver });
  const interrupted = await run.untilOver();
  await run.stop();
  const { race: theRace } = run.session;
  const report = raceReport(theRace, flags.strategy);
  reportFile?.write(theRace, report, {
    ...namesOf(source),
    wantedBytes: 0,
    downloadedBytes: 0,
    oracleMs: null,
  });
  console.event('summary', { ...report, ...usageFigures() });
  console.result(reportText(report, null));
  if (interrupted) return EXIT_STATUS.interrupted;
  if (theRace.peers.size === 0)
    throw new Failure('no-peer', 'no peer to race: no tracker named one, and --peer named none');
  return report.ttfuMs === null ? EXIT_STATUS['no-peer'] : 0;
}

function hasEnded(until: Flags['until'], session: PeerSession): boolean {
  if (until === 'first-unchoke' && session.race.ttfuMs !== null) return true;
  if (until === 'first-block' && session.race.firstBlockMs !== null) return true;
  return isSettled(session);
}
