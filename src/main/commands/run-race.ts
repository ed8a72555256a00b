/** What `unchoke race` does: who unchokes first, and what became of everybody else. */
import type { Route } from '../../shared/http-visitor.ts';
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
import { type RaceFlags, routeOf } from './options.ts';
import type { ENDS } from './race.ts';

export interface Flags extends RaceFlags {
  readonly until: (typeof ENDS)[number];
  readonly firstUnchokeTimeout: string;
}

export async function runRace(text: string, flags: Flags): Promise<number> {
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
