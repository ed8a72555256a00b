/** What a file or an answer is that should be a torrent and is not: people save web pages, archives and empty downloads as .torrent. */
import { printable } from '../text/foreign-text.ts';

/** A title further down is not looked for. */
const HEAD_BYTES = 65_536;
const TITLE_CHARS = 100;
const TAG_CHARS = 300;

/** How archives and compressed files begin. */
const PACKED: readonly (readonly [name: string, begins: readonly number[]])[] = [
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a 7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['a rar archive', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['compressed with gzip', [0x1f, 0x8b]],
  ['compressed with xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['compressed with bzip2', [0x42, 0x5a, 0x68]],
  ['compressed with zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** All that may come before the first tag. A comment is skipped by hand: no expression may go back and forth in a hostile file. */
const BEFORE = /^(?:\s+|<\?xml[^>]{0,200}>)/i;
const WEB_PAGE = /^<(?:!doctype\s+html|html|head|body|title|meta|script)\b/i;
const XML = /^<(?:\?xml|rss|feed)\b/i;

/** The characters that nearly all titles with entities have. */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#039': "'",
  nbsp: ' ',
};

/** In words for the user, with advice, safe to show; null if it is nothing that we know, or nothing at all. */
export function otherContent(bytes: Uint8Array): string | null {
  const packed = PACKED.find(([, begins]) => begins.every((byte, i) => bytes[i] === byte));
  if (packed !== undefined) return `it is ${packed[0]}; unpack it, and give the .torrent file that comes out`;
  const { buffer, byteOffset, length } = bytes;
  const head = Buffer.from(buffer, byteOffset, Math.min(length, HEAD_BYTES)).toString('utf8');
  const text = head.replace(/^\ufeff/, '').trimStart();
  if (WEB_PAGE.test(firstTag(text)))
    return `this is a web page${titleOf(text)}, not a torrent; give the link to the .torrent file itself, or the magnet link`;
  return XML.test(text)
    ? 'this is an XML file, not a torrent; give the link to the .torrent file itself'
    : null;
}

function firstTag(text: string): string {
  let at = 0;
  for (;;) {
    const rest = text.slice(at, at + TAG_CHARS);
    const skipped = BEFORE.exec(rest)?.[0].length ?? 0;
    const end = rest.startsWith('<!--') ? text.indexOf('-->', at) + 3 : 0;
    if (skipped === 0 && end < 3) return rest;
    at = Math.max(at + skipped, end);
  }
}

function titleOf(page: string): string {
  const [, raw = ''] = /<title\b[^>]{0,200}>([^<]*)/i.exec(page) ?? [];
  const title = raw
    .replace(/&(#?\w{2,4});/g, (entity, name: string) => ENTITIES[name] ?? entity)
    .replace(/\s+/g, ' ')
    .trim();
  if (title === '') return '';
  const cut = title.length > TITLE_CHARS ? `${title.slice(0, TITLE_CHARS)}…` : title;
  return ` (${JSON.stringify(printable(cut))})`;
}
