/** The torrent of a job: from what the user named into the job, and from the job to a download. */
import { MAX_FLEET_TORRENT_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { formatSize } from '../text/units.ts';
import { bytesOfTorrent } from '../torrent/from-metadata.ts';
import { parseMagnet } from '../torrent/magnet.ts';
import { wholeLink } from '../torrent/magnet-link.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { keysOf, namesOf, type Source } from '../torrent/source.ts';
import type { JobData } from './fleet-job.ts';

/** Throws a `bad-torrent` failure if it is too large for a queue. */
export function jobDataOf(source: Source, wanted: Pick<JobData, 'select' | 'trackers'>): JobData {
  const job = { v: 1, ids: keysOf(source), name: namesOf(source).name, ...wanted } as const;
  if (source.kind === 'magnet') return { ...job, source: { kind: 'magnet', link: wholeLink(source.magnet) } };
  const bytes = bytesOfTorrent(source.metainfo);
  if (bytes.length > MAX_FLEET_TORRENT_BYTES)
    throw new Failure(
      'bad-torrent',
      `${job.name}: its .torrent has ${formatSize(bytes.length)}, and a job of a queue at most ${formatSize(MAX_FLEET_TORRENT_BYTES)}; add its magnet link`,
    );
  return { ...job, source: { kind: 'torrent', base64: Buffer.from(bytes).toString('base64') } };
}

/** Throws a `bad-torrent` failure. */
export function sourceOf({ source, name }: JobData): Source {
  if (source.kind === 'magnet') return { kind: 'magnet', magnet: parseMagnet(source.link) };
  return { kind: 'torrent', metainfo: parseMetainfo(Buffer.from(source.base64, 'base64'), name) };
}
