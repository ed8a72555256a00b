/** The sources of torrents that a program can name, and how they are opened. */
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import type { HttpClient } from '../network/http-client.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { openSource, type PlainFiles, type Source } from '../torrent/source.ts';

/** The path or URL of a .torrent file, a magnet link, an info hash (hexadecimal or base32), or the bytes of a .torrent file. */
export type TorrentSource = string | URL | Uint8Array;

/** Rejects with a `bad-torrent` failure. */
export async function openTorrent(
  source: TorrentSource,
  http: Pick<HttpClient, 'get'>,
  signal: AbortSignal | null,
  plain: PlainFiles | null,
): Promise<Source> {
  if (source instanceof Uint8Array)
    return { kind: 'torrent', metainfo: parseMetainfo(source, 'these bytes') };
  // On the command line `-` is standard input. The library does not read it.
  const isText = typeof source === 'string' && source !== '-';
  if (!isText && !(source instanceof URL))
    throw new Failure('bad-torrent', 'a source must be a path, a URL, a magnet link, an info hash or bytes');
  if (source instanceof URL)
    return openSource(source.protocol === 'file:' ? fileURLToPath(source) : source.href, http, signal, plain);
  return openSource(source, http, signal, plain);
}
