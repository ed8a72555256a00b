/** Makes a torrent from a magnet link and its info dictionary. */
import type { BencodeDict } from '../../shared/bencode.ts';
import { encodeBencode } from '../../shared/bencode.ts';
import { makingFailure } from '../files/disk-failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import type { Magnet } from './magnet.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';
import { layersByRoot } from './piece-layers.ts';

/** "piece layers" of version 2 (BEP 52): roots and their layers, sorted. */
type Layers = readonly (readonly [Uint8Array, Uint8Array])[];

/** The bytes of a .torrent file. `info` is inserted unchanged: its hash identifies the torrent. */
export function torrentBytes(magnet: Magnet, info: Uint8Array, layers: Layers | null = null): Uint8Array {
  const before: BencodeDict = {};
  if (magnet.trackers[0] !== undefined) {
    before['announce'] = Buffer.from(magnet.trackers[0]);
    before['announce-list'] = magnet.trackers.map((url) => [Buffer.from(url)]);
  }
  const after: BencodeDict = {};
  if (magnet.webSeeds.length > 0) after['url-list'] = magnet.webSeeds.map((url) => Buffer.from(url));
  // Keys in order (BEP 3): announce, announce-list, info, piece layers, url-list.
  return Buffer.concat([
    Buffer.from('d'),
    entriesOf(before),
    Buffer.from('4:info'),
    info,
    ...(layers === null
      ? []
      : [Buffer.from('12:piece layersd'), ...layers.flat().map(stringOf), Buffer.from('e')]),
    entriesOf(after),
    Buffer.from('e'),
  ]);
}

/** Throws a `bad-torrent` failure: metadata with the right hash may still not be a valid torrent. */
export function metainfoOf(magnet: Magnet, info: Uint8Array): Metainfo {
  return parseMetainfo(torrentBytes(magnet, info), 'the metadata from the peers', {
    again: 'its maker must make it anew',
    mayLackLayers: true,
  });
}

function entriesOf(dict: BencodeDict): Uint8Array {
  return encodeBencode(dict).slice(1, -1);
}

/** A string in bencode. Roots are no text, so they cannot be keys for the package that writes bencode. */
function stringOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);
}

/** `--save-torrent`: saves the torrent of a magnet link, with what is known of its piece layers. Throws a `disk` failure. */
export function saveTorrent(path: string, magnet: Magnet, { info, version2, geometry }: Metainfo): void {
  const layers = version2 === null ? null : layersByRoot(version2.trees, geometry, version2.files);
  try {
    writeWhole(path, torrentBytes(magnet, info, layers));
  } catch (error) {
    throw makingFailure(error, path);
  }
}
