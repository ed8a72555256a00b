/** The race report as plain text, with lines of less than 80 columns. On a narrower terminal the tables are narrower. */
import { CLOSE_CODES } from '../../shared/close-reason.ts';
import { counted, formatDuration, formatSize } from '../text/units.ts';
import {
  type Funnel,
  funnelRows,
  type RaceReport,
  STAGE_NAMES,
  type StageTimes,
  type Yield,
} from './race-report.ts';

const WIDTH = 80;
const BAR_COLUMNS = 40;
/** Of a row of the funnel, without its bar. */
const FUNNEL_COLUMNS = 22;
const SOURCE_COLUMNS = 24;
const CELL_COLUMNS = 11;
/** Of the first column and the others in narrow tables. */
const NARROW_NAME_COLUMNS = 14;
const NARROW_CELL_COLUMNS = 9;

/** `oracleMs`: the time of the best peer, if it is known, as in our own swarm. */
export function reportLines(report: RaceReport, oracleMs: number | null, columns = WIDTH): string[] {
  const parts = [
    headline(report, oracleMs),
    funnelLines(report.funnel, columns),
    yieldLines('by source', 'addresses', report.sources, columns),
    yieldLines('by transport', 'peers', report.transports, columns),
    lostLines(report),
    stageLines(report.stages, columns),
    givenLines(report),
    shardLines(report),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, i) => (i === 0 ? part : ['', ...part]));
}

function headline(report: RaceReport, oracleMs: number | null): string[] {
  const { ttfuMs, firstUnchoke, firstBlockMs, strategy } = report;
  if (ttfuMs === null || firstUnchoke === null) return [`No peer unchoked us (strategy ${strategy}).`];
  const lines = [
    `Time to first unchoke  ${formatDuration(ttfuMs).padEnd(10)} ${firstUnchoke.peer} (${firstUnchoke.family})`,
    `  strategy ${strategy}, shard ${firstUnchoke.shard}`,
  ];
  if (oracleMs !== null) {
    const behind = ttfuMs - oracleMs;
    lines.push(
      `  the oracle needed    ${formatDuration(oracleMs).padEnd(10)} (best peer, had we known it): ${signed(behind)}`,
    );
  }
  if (firstBlockMs !== null) lines.push(`Time to first block    ${formatDuration(firstBlockMs)}`);
  return lines;
}

function signed(ms: number): string {
  return ms < 0 ? `${formatDuration(-ms)} ahead` : `${formatDuration(ms)} behind`;
}

function funnelLines(funnel: Funnel, columns: number): string[] {
  const rows = funnelRows(funnel);
  const most = Math.max(1, funnel.addresses);
  const room = Math.max(1, Math.min(BAR_COLUMNS, columns - FUNNEL_COLUMNS));
  return rows.map(
    ([name, count]) => `${name.padEnd(12)}${String(count).padStart(7)}  ${bar(count / most, room)}`,
  );
}

function bar(share: number, room: number): string {
  const columns = Math.round(share * room);
  return share > 0 && columns === 0 ? '▏' : '█'.repeat(columns);
}

/** With a single row there is nothing to compare. */
function yieldLines(title: string, first: string, rows: readonly Yield[], columns: number): string[] {
  if (rows.length < 2) return [];
  const line = columns < WIDTH ? narrowYieldLines : yieldLine;
  return [
    line(title, [first, 'connected', 'handshaken', 'unchoked', 'gave data']),
    ...rows.map(({ name, addresses, connected, handshaken, unchoked, gaveData }) =>
      line(name, [addresses, connected, handshaken, unchoked, gaveData]),
    ),
  ].flat();
}

/** The name has a line of its own. */
function narrowYieldLines(name: string, cells: readonly (string | number)[]): string[] {
  return [name, cells.map((cell) => String(cell).padStart(CELL_COLUMNS)).join('')];
}

function yieldLine(name: string, cells: readonly (string | number)[]): string {
  const shown = name.length > SOURCE_COLUMNS ? `${name.slice(0, SOURCE_COLUMNS - 1)}…` : name;
  return `${shown.padEnd(SOURCE_COLUMNS)}${cells.map((cell) => String(cell).padStart(CELL_COLUMNS)).join('')}`;
}

function lostLines({ lost }: RaceReport): string[] {
  if (lost.length === 0) return [];
  const rows = lost.map(
    ({ stage, code, count }) => `${stage.padEnd(12)}${String(count).padStart(7)}  ${CLOSE_CODES[code]}`,
  );
  return ['where and why peers were lost', ...rows];
}

function stageLines(stages: readonly StageTimes[], columns: number): string[] {
  if (stages.length === 0) return [];
  const head = `${'how long'.padEnd(13)}${'client'.padEnd(16)}${['peers', 'p50', 'p90', 'p99', 'max'].map((name) => name.padStart(10)).join('')}`;
  // With one family the row `all` would be the same.
  const families = new Set(stages.map(({ family }) => family).filter((family) => family !== 'all'));
  const shown =
    families.size > 1
      ? stages
      : stages.filter(({ stage, family }) => stage === 'dial' || stage === 'connect' || family !== 'all');
  if (columns < WIDTH) return narrowStageLines(shown);
  const rows = shown.map(({ stage, family, ms }) => {
    const times = [ms.p50, ms.p90, ms.p99, ms.max]
      .map((value) => formatDuration(value).padStart(10))
      .join('');
    return `${STAGE_NAMES[stage].padEnd(13)}${family.padEnd(16)}${String(ms.n).padStart(10)}${times}`;
  });
  return [head, ...rows];
}

/** The clients are below their stage instead of beside it. */
function narrowStageLines(stages: readonly StageTimes[]): string[] {
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(NARROW_NAME_COLUMNS)}${cells.map((cell) => cell.padStart(NARROW_CELL_COLUMNS)).join('')}`;
  const rows = stages.flatMap(({ stage, family, ms }, i) => {
    const { p50, p90, p99, max } = ms;
    const cells = [String(ms.n), ...[p50, p90, p99, max].map(formatDuration)];
    if (family === 'all') return [line(STAGE_NAMES[stage], cells)];
    const isFirst = stages[i - 1]?.stage !== stage;
    return [...(isFirst ? [STAGE_NAMES[stage]] : []), line(`  ${family}`, cells)];
  });
  return [line('how long', ['peers', 'p50', 'p90', 'p99', 'max']), ...rows];
}

/** What we gave, and whether it came back. */
function givenLines({ sentBytes, peersGiven, peersReturned }: RaceReport): string[] {
  if (peersGiven === 0) return [];
  return [
    `given: ${formatSize(sentBytes)} to ${counted(peersGiven, 'peer')}, of which ${peersReturned} unchoked us`,
  ];
}

function shardLines({ shards, shortages, wastedBytes, notKept, blocked }: RaceReport): string[] {
  const rows = shards.map(
    ({ shard, peers, lagP50Ms, lagP99Ms, lagMaxMs }) =>
      `shard ${shard}: ${counted(peers, 'dial')}; event loop late by ${formatDuration(lagP50Ms)} (p50), ${formatDuration(lagP99Ms)} (p99), ${formatDuration(lagMaxMs)} (max)`,
  );
  if (notKept > 0) rows.push(`${notKept} addresses were not tried, because more were found than the limit`);
  if (blocked > 0) rows.push(`${blocked} addresses were on the blocklist`);
  if (shortages > 0)
    rows.push(`dialling paused ${shortages} times: this process ran out of file descriptors or ports`);
  if (wastedBytes > 0) rows.push(`wasted: ${formatSize(wastedBytes)} received twice, not requested, or bad`);
  return rows;
}
