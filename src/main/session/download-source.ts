/** What a program names a torrent by, and the torrent, or what is known of it. */
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import type { HttpClient } from '../network/http-client.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { openSource, type Source } from '../torrent/source.ts';

/** The path or URL of a .torrent file, a magnet link, an info hash (hexadecimal or base32), or the bytes of a .torrent file. */
export type TorrentSource = string | URL | Uint8Array;

/** Rejects with a `bad-torrent` failure. */
export async function openTorrent(
  source: TorrentSource,
  http: Pick<HttpClient, 'get'>,
  signal: AbortSignal | null,
): Promise<Source> {
  if (source instanceof Uint8Array)
    return { kind: 'torrent', metainfo: parseMetainfo(source, 'these bytes') };
  // For the command line `-` is standard input. A library leaves that alone.
  const isText = typeof source === 'string' && source !== '-';
  if (!isText && !(source instanceof URL))
    throw new Failure('bad-torrent', 'a source must be a path, a URL, a magnet link, an info hash or bytes');
  if (source instanceof URL)
    return openSource(source.protocol === 'file:' ? fileURLToPath(source) : source.href, http, signal);
  return openSource(source, http, signal);
}
