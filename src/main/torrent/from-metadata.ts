/** Makes a torrent from a magnet link and its info dictionary. */
import type { BencodeDict } from '../../shared/bencode.ts';
import { encodeBencode } from '../../shared/bencode.ts';
import { makingFailure } from '../files/disk-failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import type { Magnet } from './magnet.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';

/** The bytes of a .torrent file. `info` is inserted unchanged: its hash identifies the torrent. */
export function torrentBytes(magnet: Magnet, info: Uint8Array): Uint8Array {
  const before: BencodeDict = {};
  if (magnet.trackers[0] !== undefined) {
    before['announce'] = Buffer.from(magnet.trackers[0]);
    before['announce-list'] = magnet.trackers.map((url) => [Buffer.from(url)]);
  }
  const after: BencodeDict = {};
  if (magnet.webSeeds.length > 0) after['url-list'] = magnet.webSeeds.map((url) => Buffer.from(url));
  // Keys in order (BEP 3): announce, announce-list, info, url-list.
  return Buffer.concat([
    Buffer.from('d'),
    entriesOf(before),
    Buffer.from('4:info'),
    info,
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

/** `--save-torrent`: saves the torrent of a magnet link. Throws a `disk` failure. */
export function saveTorrent(path: string, magnet: Magnet, info: Uint8Array): void {
  try {
    writeWhole(path, torrentBytes(magnet, info));
  } catch (error) {
    throw makingFailure(error, path);
  }
}
