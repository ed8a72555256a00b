/**
 * Possible names of a file on a web seed (BEP 19): the path in the bytes of the torrent, percent-encoded. Old torrents have
 * names in their own code page besides UTF-8, and a server has one or the other.
 */
import { type BencodeDict, type BencodeValue, bytesField, listField } from '../../shared/bencode.ts';
import { MAX_NAME_BYTES, MAX_PATH_DEPTH_LEVELS } from '../../shared/limits.ts';

const SPELLINGS = ['.utf-8', ''];
const UNRESERVED = /[A-Za-z0-9\-_.!~*'()]/;

type Path = readonly string[];

/**
 * For an entry of the "files" list, or null if there is none: its path in each spelling, first the one that clients show. The
 * torrent's name is encoded once for all files.
 */
export function urlSpellings(info: BencodeDict): (entry: BencodeDict | null) => readonly Path[] {
  const names = SPELLINGS.map((spelling) => {
    const name = bytesField(info, `name${spelling}`);
    return name === undefined ? null : percentEncoded(name);
  });
  const anyName = names.find((name) => name !== null) ?? '';
  return (entry) => {
    const paths = SPELLINGS.flatMap((spelling, i): Path[] => {
      const name = names[i] ?? anyName;
      if (entry === null) return [[name]];
      const below = listField(entry, `path${spelling}`, MAX_PATH_DEPTH_LEVELS);
      return below === undefined || below.length === 0 ? [] : [[name, ...below.map(elementOf)]];
    });
    const [first, second] = paths;
    const isSame = second !== undefined && first?.join('/') === second.join('/');
    return isSame ? paths.slice(0, 1) : paths;
  };
}

function elementOf(element: BencodeValue): string {
  return element instanceof Uint8Array ? percentEncoded(element) : '';
}

/** From its bytes, which may not be UTF-8. A name that is too long for every server is cut. */
export function percentEncoded(name: Uint8Array): string {
  let encoded = '';
  for (const byte of name.subarray(0, MAX_NAME_BYTES)) {
    const character = String.fromCharCode(byte);
    encoded += UNRESERVED.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
