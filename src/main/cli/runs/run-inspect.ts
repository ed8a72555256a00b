/** Runs `unchoke inspect`: reads a torrent or a magnet link and shows it. */
import { type Scraped, scrapeAll } from '../../discovery/scrape.ts';
import type { Session } from '../../session/session.ts';
import { redactedUrl } from '../../text/foreign-text.ts';
import { counted, formatSize } from '../../text/units.ts';
import { magnetLink } from '../../torrent/magnet-link.ts';
import { type Metainfo, unlayeredFiles } from '../../torrent/metainfo.ts';
import type { InspectFlags } from '../commands/inspect.ts';
import { Console } from '../output/console.ts';
import { hashRows, hexOf, version2Hex } from '../output/hash-rows.ts';
import { inspectSettings } from '../settings-from-flags.ts';
import { fetchMetadata } from './fetch-metadata.ts';
import { RACE_ALONE, withSource } from './with-session.ts';

export async function runInspect(named: string, flags: InspectFlags): Promise<void> {
  const settings = inspectSettings(flags);
  const console = new Console(settings.console);
  return withSource(named, settings, RACE_ALONE, async (source, session) => {
    const metainfo =
      source.kind === 'torrent'
        ? source.metainfo
        : await fetchMetadata(source, settings.torrent, session, {
            ...{ console, timeoutMs: settings.timeoutMs, signal: null },
            longer: '--timeout 0',
          });
    // A link never has the hashes of pieces of version 2, and a file may have them.
    const unhashedFiles = source.kind === 'torrent' ? unlayeredFiles(metainfo).length : null;
    tell(
      { metainfo, unhashedFiles, scrapes: settings.scrape ? await scraped(metainfo, session) : [] },
      console,
    );
  });
}

/** Asks each tracker once. */
function scraped({ trackers, infoHash }: Metainfo, { route, http }: Session): Promise<Scraped[]> {
  const udp = route.proxy === null ? { from: route.localAddress } : null;
  return scrapeAll([...new Set(trackers.flat())], infoHash, http, udp);
}

interface Inspected {
  readonly metainfo: Metainfo;
  readonly unhashedFiles: number | null;
  readonly scrapes: readonly Scraped[];
}

function tell(inspected: Inspected, console: Console): void {
  const { metainfo, unhashedFiles, scrapes } = inspected;
  const { geometry: g } = metainfo;
  console.event({
    type: 'torrent',
    name: metainfo.name,
    infoHash: hexOf(metainfo.infoHash),
    infoHashV2: version2Hex(metainfo),
    bytes: g.contentLength,
    pieces: g.pieceCount,
    pieceLength: g.pieceLength,
    unhashedFiles,
    private: metainfo.private,
    magnet: magnetLink(metainfo),
    trackers: metainfo.trackers.map((tier) => tier.map(redactedUrl)),
    webSeeds: metainfo.webSeeds.map(redactedUrl),
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    files: metainfo.files
      .filter(({ padding }) => !padding)
      .map(({ path, length }, index) => ({ index, path: path.join('/'), length })),
    scrapes,
  });
  console.result(inspectLines(inspected));
}

function inspectLines({ metainfo, unhashedFiles, scrapes }: Inspected): string[] {
  const { geometry: g } = metainfo;
  const files = metainfo.files.filter(({ padding }) => !padding);
  const rows: (readonly [string, string])[] = [
    ['name', metainfo.name],
    ...hashRows(metainfo),
    ['size', `${formatSize(g.contentLength)} (${g.contentLength} bytes)`],
    ['pieces', `${g.pieceCount} of ${formatSize(g.pieceLength)}`],
    ['private', metainfo.private ? 'yes' : 'no'],
  ];
  if (unhashedFiles !== null && unhashedFiles > 0)
    rows.push([
      'hashes',
      `of the pieces of ${counted(unhashedFiles, 'file')} are missing: peers of version 2 send them`,
    ]);
  if (metainfo.comment !== null) rows.push(['comment', metainfo.comment]);
  if (metainfo.createdBy !== null) rows.push(['created by', metainfo.createdBy]);
  for (const [tier, trackers] of metainfo.trackers.entries()) {
    for (const tracker of trackers) rows.push([`tier ${tier + 1}`, redactedUrl(tracker)]);
  }
  for (const url of metainfo.webSeeds) rows.push(['web seed', redactedUrl(url)]);
  rows.push(['magnet', magnetLink(metainfo)]);
  for (const scraped of scrapes) rows.push(['scrape', `${scraped.tracker}: ${scrapeText(scraped)}`]);
  rows.push(['files', String(files.length)]);
  const head = rows.map(([name, value]) => `${name.padEnd(12)}${value}`);
  const list = files.map(
    ({ path, length }, i) =>
      `${String(i).padStart(6)}  ${formatSize(length).padStart(10)}  ${path.join('/')}`,
  );
  return [...head, ...list];
}

function scrapeText({ scrape, error }: Scraped): string {
  if (scrape === null) return error ?? '';
  return `${scrape.seeders} seeds, ${scrape.leechers} leeches, ${scrape.completed} completed`;
}
