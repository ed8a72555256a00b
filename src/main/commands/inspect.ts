/** `unchoke inspect`: what a torrent holds. */
import type { Command } from 'commander';
import { Console } from '../console.ts';
import { printable, redactedUrl } from '../text.ts';
import { loadTorrent } from '../torrent/load.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { formatSize } from '../units.ts';

export function inspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('show what a torrent holds')
    .argument('<source>', 'a .torrent file')
    .option('--json', 'as one JSON object', false)
    .action((source: string, flags: { readonly json: boolean }) => inspect(source, flags));
}

function inspect(source: string, flags: { readonly json: boolean }): void {
  const metainfo = loadTorrent(source);
  const console = new Console({ json: flags.json, quiet: false });
  const { geometry: g } = metainfo;
  console.event('torrent', {
    name: metainfo.name,
    infoHash: hex(metainfo.infoHash),
    bytes: g.totalLength,
    pieces: g.pieceCount,
    pieceLength: g.pieceLength,
    private: metainfo.private,
    trackers: metainfo.trackers.map((tier) => tier.map(redactedUrl)),
    webSeeds: metainfo.webSeeds.map(redactedUrl),
    comment: metainfo.comment === null ? null : printable(metainfo.comment),
    createdBy: metainfo.createdBy === null ? null : printable(metainfo.createdBy),
    files: metainfo.files
      .filter(({ padding }) => !padding)
      .map(({ path, length }, index) => ({ index, path: path.join('/'), length })),
  });
  console.result(inspectText(metainfo));
}

function inspectText(metainfo: Metainfo): string {
  const { geometry: g } = metainfo;
  const files = metainfo.files.filter(({ padding }) => !padding);
  const rows: [string, string][] = [
    ['name', printable(metainfo.name)],
    ['info hash', hex(metainfo.infoHash)],
    ['size', `${formatSize(g.totalLength)} (${g.totalLength} bytes)`],
    ['pieces', `${g.pieceCount} of ${formatSize(g.pieceLength)}`],
    ['private', metainfo.private ? 'yes' : 'no'],
  ];
  if (metainfo.comment !== null) rows.push(['comment', printable(metainfo.comment)]);
  if (metainfo.createdBy !== null) rows.push(['created by', printable(metainfo.createdBy)]);
  for (const [tier, trackers] of metainfo.trackers.entries()) {
    for (const tracker of trackers) rows.push([`tier ${tier + 1}`, redactedUrl(tracker)]);
  }
  for (const url of metainfo.webSeeds) rows.push(['web seed', redactedUrl(url)]);
  rows.push(['files', String(files.length)]);
  const head = rows.map(([name, value]) => `${name.padEnd(12)}${value}`);
  const list = files.map(
    ({ path, length }, i) =>
      `${String(i).padStart(6)}  ${formatSize(length).padStart(10)}  ${printable(path.join('/'))}`,
  );
  return [...head, ...list].join('\n');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
