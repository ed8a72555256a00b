/** Makes a torrent from a magnet link and its info dictionary, and the file of a torrent to which peers have added something. */
import type { BencodeDict } from '../../shared/bencode.ts';
import { encodeBencode } from '../../shared/bencode.ts';
import { Failure } from '../failure.ts';
import { makingFailure } from '../files/disk-failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import type { Magnet } from './magnet.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';
import { layersByRoot } from './piece-layers.ts';

/** "piece layers" of version 2 (BEP 52): roots and their layers, sorted. */
type Layers = readonly (readonly [Uint8Array, Uint8Array])[];

/** What stands beside the info dictionary. */
type Beside = Pick<Metainfo, 'trackers' | 'webSeeds' | 'nodes' | 'comment' | 'createdBy'>;

/** The bytes of a .torrent file. */
export function torrentBytes({ trackers, webSeeds }: Magnet, info: Uint8Array): Uint8Array {
  const tiers = trackers.map((url) => [url]);
  return fileOf({ trackers: tiers, webSeeds, nodes: [], comment: null, createdBy: null }, info, null);
}

/** `info` is inserted unchanged: its hash identifies the torrent. */
function fileOf(
  { trackers, webSeeds, nodes, comment, createdBy }: Beside,
  info: Uint8Array,
  layers: Layers | null,
): Uint8Array {
  const [first] = trackers.flat();
  const before: BencodeDict = {};
  if (first !== undefined) {
    before['announce'] = Buffer.from(first);
    before['announce-list'] = trackers.map((tier) => tier.map((url) => Buffer.from(url)));
  }
  if (comment !== null) before['comment'] = Buffer.from(comment);
  if (createdBy !== null) before['created by'] = Buffer.from(createdBy);
  const between: BencodeDict =
    nodes.length === 0 ? {} : { nodes: nodes.map(({ host, port }) => [Buffer.from(host), port]) };
  const after: BencodeDict =
    webSeeds.length === 0 ? {} : { 'url-list': webSeeds.map((url) => Buffer.from(url)) };
  // Keys in order (BEP 3): announce, announce-list, comment, created by, info, nodes, piece layers, url-list.
  return Buffer.concat([
    Buffer.from('d'),
    entriesOf(before),
    Buffer.from('4:info'),
    info,
    entriesOf(between),
    ...(layers === null
      ? []
      : [Buffer.from('12:piece layersd'), ...layers.flat().map(stringOf), Buffer.from('e')]),
    entriesOf(after),
    Buffer.from('e'),
  ]);
}

/** Throws a `bad-torrent` failure: metadata with the right hash may still not be a valid torrent. */
export function metainfoOf(magnet: Magnet, info: Uint8Array): Metainfo {
  const [shown, again] = ['the metadata from the peers', 'its maker must make it anew'];
  const metainfo = parseMetainfo(torrentBytes(magnet, info), shown, { again });
  // The hash of the link is that of all bytes. What follows the dictionary would be read as keys of the file around it.
  if (metainfo.info.length !== info.length)
    throw new Failure('bad-torrent', `${shown}: bytes follow its dictionary; ${again}`);
  return metainfo;
}

function entriesOf(dict: BencodeDict): Uint8Array {
  return encodeBencode(dict).slice(1, -1);
}

/** A string in bencode. Roots are no text, so they cannot be keys for the package that writes bencode. */
function stringOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);
}

/** The file of a torrent, with what is known of its piece layers. */
export function bytesOfTorrent(metainfo: Metainfo): Uint8Array {
  const { info, version2, geometry } = metainfo;
  const layers = version2 === null ? null : layersByRoot(version2.trees, geometry, version2.files);
  return fileOf(metainfo, info, layers);
}

/** `--save-torrent`. Throws a `disk` failure. */
export function saveTorrent(path: string, metainfo: Metainfo): void {
  try {
    writeWhole(path, bytesOfTorrent(metainfo));
  } catch (error) {
    throw makingFailure(error, path);
  }
}
