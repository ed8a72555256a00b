/** The race report as one page without network or script. */
import { VERSION } from '../network/identity.ts';
import { formatDuration, formatRate, formatSize, formatTime } from '../text/units.ts';
import {
  flowChart,
  funnelBars,
  lossTable,
  peerTable,
  replayBars,
  stageTable,
  yieldTable,
} from './html-charts.ts';
import { STYLE } from './html-style.ts';
import { escaped } from './html-text.ts';
import { timelineChart } from './html-timeline.ts';
import type { RaceReport } from './race-report.ts';
import type { Recording } from './recording.ts';
import { replays } from './strategy-replay.ts';

const TABLE_PEERS = 50;

export interface PageFacts {
  readonly name: string;
  readonly infoHash: string;
  /** Of the download; 0 if there was none. */
  readonly wantedBytes: number;
  readonly downloadedBytes: number;
  /** Milliseconds of the download. */
  readonly elapsedMs: number;
  /** The time that the best peer alone would have needed, if it is known. */
  readonly oracleMs: number | null;
  readonly date: Date;
}

export function racePage(facts: PageFacts, report: RaceReport, recording: Recording): string {
  const { flow, peers, endMs } = recording;
  const sections: readonly (readonly [title: string, words: string, body: string])[] = [
    [
      'The race',
      'One line per peer, from its dial to its end; those that came further are higher. The star unchoked us first. Click a line for its details.',
      `${LEGEND}${timelineChart(peers, endMs)}`,
    ],
    ['The funnel', 'How far the addresses came.', funnelBars(report)],
    [
      'The three strategies',
      'The time to the first unchoke with each strategy, replayed from the times of this run.',
      replayBars(replays(peers)),
    ],
    [
      'Throughput',
      'The area is the received data. The dashed line is the verified share.',
      flowChart(flow, facts.wantedBytes),
    ],
    ['Where and why peers were lost', '', lossTable(report)],
    ['How long it took', 'By stage of the exchange and by client.', stageTable(report)],
    [
      'Sources and transports',
      '',
      yieldTable('by source', 'addresses', report.sources) +
        yieldTable('by transport', 'peers', report.transports),
    ],
    ['The most useful peers', '', peerTable(peers, TABLE_PEERS)],
  ];
  const body = sections
    .filter(([, , content]) => content !== '')
    .map(
      ([title, words, content]) =>
        `<section><h2>${escaped(title)}</h2>${words === '' ? '' : `<p class="words">${escaped(words)}</p>`}${content}</section>`,
    );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`race: ${facts.name}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(facts.name)}</h1>
<p class="hash">${escaped(facts.infoHash)}</p>
${tiles(facts, report)}
</header>
${body.join('\n')}
<footer>unchoke ${VERSION}, strategy ${report.strategy}, ${escaped(facts.date.toISOString().slice(0, 19).replace('T', ' '))} UTC</footer>
</body>
</html>
`;
}

const LEGEND = `<p class="legend">${[
  ['dialling', 'dialling'],
  ['handshaking', 'connected, handshaking'],
  ['choked', 'handshake done, choking us'],
  ['unchoked', 'unchoked us'],
  ['lost', 'lost'],
]
  .map(([name, text]) => `<span><i class="${name}"></i>${text}</span>`)
  .join('')}</p>`;

/** The most important figures. */
function tiles(facts: PageFacts, { ttfuMs, firstUnchoke, strategy, funnel }: RaceReport): string {
  const won =
    firstUnchoke === null ? `strategy ${strategy}` : `by ${firstUnchoke.peer} (${firstUnchoke.family})`;
  const all: (readonly [string, string, string])[] = [
    ['time to first unchoke', ttfuMs === null ? 'never' : formatDuration(ttfuMs), won],
  ];
  if (facts.oracleMs !== null && ttfuMs !== null) {
    const behind = ttfuMs - facts.oracleMs;
    const words = `${formatDuration(Math.abs(behind))} ${behind < 0 ? 'ahead' : 'behind'}`;
    all.push(['the best peer alone', formatDuration(facts.oracleMs), `we were ${words}`]);
  }
  all.push([
    'peers',
    String(funnel.addresses),
    `${funnel.unchoked} unchoked us, ${funnel.gaveData} gave data`,
  ]);
  if (facts.wantedBytes > 0) {
    const { elapsedMs } = facts;
    const rate = elapsedMs > 0 ? (facts.downloadedBytes * 1_000) / elapsedMs : 0;
    all.push([
      'downloaded',
      formatSize(facts.downloadedBytes),
      `of ${formatSize(facts.wantedBytes)} in ${formatTime(elapsedMs)}, ${formatRate(rate)}`,
    ]);
  }
  return `<div class="tiles">${all
    .map(
      ([what, figure, words]) =>
        `<div class="tile"><span>${escaped(what)}</span><b>${escaped(figure)}</b><small>${escaped(words)}</small></div>`,
    )
    .join('')}</div>`;
}
