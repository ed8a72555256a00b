/** `unchoke get --dry-run`: shows which files it would fetch, their place, the space that they need, and the sources. It writes nothing. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskPath } from '../../../shared/byte-name.ts';
import { STAT_BLOCK_BYTES, SYSTEM_FILES } from '../../../shared/file-system.ts';
import { systemWords } from '../../../shared/system-words.ts';
import { lookAt } from '../../files/disk-failure.ts';
import { reservePort } from '../../network/reserve-port.ts';
import type { Session } from '../../session/session.ts';
import { acceptsPeers, plainFilesOf } from '../../session/settings.ts';
import { type StoragePlan, storagePlan } from '../../storage/storage-plan.ts';
import { counted, formatSize } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { selectFiles } from '../../torrent/selection.ts';
import { openSource } from '../../torrent/source.ts';
import { usableWebSeeds } from '../../torrent/web-seed-files.ts';
import { chooseFiles } from '../output/choose-files.ts';
import type { Console } from '../output/console.ts';
import type { GetSettings } from '../settings-from-flags.ts';
import { fetchMetadata } from './fetch-metadata.ts';
import type { GetContext } from './get-context.ts';

/** Shows the plan of one source. Rejects with a Failure for the user, or if `signal` aborts. */
export async function dryRun(
  named: string,
  settings: GetSettings,
  { console, session, signal }: Pick<GetContext, 'console' | 'session' | 'signal'>,
): Promise<void> {
  const { torrent } = settings;
  const source = await openSource(named, session.http, signal, plainFilesOf(settings.torrent));
  const metainfo =
    source.metainfo ??
    (await fetchMetadata(source, torrent, session, {
      ...{ console, timeoutMs: torrent.firstUnchokeTimeout, signal },
      longer: '--first-unchoke-timeout 0',
    }));
  const given = settings.choose
    ? await console.asking(() => chooseFiles(metainfo, console.style.paint, signal))
    : torrent.select;
  const selected = await selectFiles(metainfo, source, given, (text) => console.news(text));
  const plan = storagePlan(metainfo, torrent.output, selected);
  await tell(metainfo, plan, { settings, session, console });
}

interface Place {
  /** Bytes of the files, and those of them that take space now. */
  readonly bytes: number;
  readonly taken: number;
  /** Bytes that the file system has left for this user; null if it does not say. */
  readonly free: number | null;
}

async function tell(
  metainfo: Metainfo,
  plan: StoragePlan,
  { settings, session, console }: { settings: GetSettings; session: Session; console: Console },
): Promise<void> {
  const place = placeOf(plan);
  const sources = sourcesOf(metainfo, settings, session);
  // Behind a proxy no peer can connect to us.
  const port = session.isDirect && acceptsPeers(settings.torrent) ? settings.session.port : null;
  const busy = port === null || port === 0 ? null : await whyBusy(port, settings.session.interface);
  console.event({
    type: 'plan',
    name: metainfo.name,
    path: plan.root,
    files: plan.files.map(({ path, length }) => ({ path, length })),
    ...place,
    sources,
    reuse: settings.torrent.reuse,
    port,
  });
  const all = metainfo.files.filter(({ padding, link }) => !padding && link === null).length;
  const count = plan.files.length === all ? counted(all, 'file') : `${plan.files.length} of ${all} files`;
  const left = Math.max(0, place.bytes - place.taken);
  const there =
    place.taken > 0
      ? `; ${formatSize(place.taken)} on disk are not checked yet: get stops if they are not of this torrent`
      : '';
  const rows: readonly (readonly [string, string])[] = [
    ['name', metainfo.name],
    ['files', `${count}, ${formatSize(place.bytes)}`],
    [
      'into',
      `${plan.root}${existsSync(diskPath(settings.torrent.output)) ? '' : ' (the folder will be made)'}`,
    ],
    ['space', `${formatSize(left)} needed${there}${freeText(left, place.free)}`],
    ['from', sources.join(', ')],
    ...settings.torrent.reuse.map((folder) => ['reuse', `what is known of it in ${folder}`] as const),
    ['port', busy === null ? portText(port) : `${port}: ${busy}, so get would not start`],
  ];
  console.result([
    ...rows.map(([name, value]) => `${name.padEnd(8)}${value}`),
    'nothing was downloaded, because of --dry-run',
  ]);
}

/** Null: it is free. */
async function whyBusy(port: number, host: string | null): Promise<string | null> {
  try {
    await reservePort(port, host);
    return null;
  } catch (error) {
    return systemWords(error);
  }
}

function freeText(left: number, free: number | null): string {
  if (free === null) return '';
  return free < left ? `, but only ${formatSize(free)} are free` : `, ${formatSize(free)} are free`;
}

function portText(port: number | null): string {
  if (port === null) return 'none: no peer can connect to us';
  return port === 0 ? 'a free one, for TCP and UDP' : `${port}, for TCP and UDP`;
}

function sourcesOf(metainfo: Metainfo, { session: on, torrent }: GetSettings, session: Session): string[] {
  const trackers = (on.trackers ? new Set(metainfo.trackers.flat()).size : 0) + torrent.tracker.length;
  const isPublic = !metainfo.private;
  const webSeeds = on.webseeds ? usableWebSeeds(metainfo).length : 0;
  return [
    ...(torrent.peers.length > 0 ? [counted(torrent.peers.length, 'peer')] : []),
    ...(trackers > 0 ? [counted(trackers, 'tracker')] : []),
    ...(isPublic && on.dht && session.isDirect ? ['the DHT'] : []),
    ...(isPublic && on.lsd && session.isDirect ? ['the local network'] : []),
    ...(isPublic && on.pex ? ['other peers'] : []),
    ...(webSeeds > 0 ? [counted(webSeeds, 'web seed')] : []),
  ];
}

function placeOf({ files, folder }: StoragePlan): Place {
  let [bytes, taken] = [0, 0];
  for (const { path, length } of files) {
    bytes += length;
    const stats = lookAt(path, SYSTEM_FILES);
    if (stats?.isFile() === true) taken += Math.min(length, Number(stats.blocks) * STAT_BLOCK_BYTES);
  }
  return { bytes, taken, free: freeBytes(folder) };
}

/** Of the folder, or of the nearest folder above it that exists. */
function freeBytes(folder: string): number | null {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(diskPath(at));
      return bavail * bsize;
    } catch {
      if (dirname(at) === at) return null;
    }
  }
}
