/** Torrents that are made to cost time and memory: every reader takes linear time, and memory by the byte of input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { webSeedFiles } from '../../src/main/torrent/web-seed-files.ts';
import { MAX_NAME_BYTES, MAX_PATH_DEPTH_LEVELS, MAX_TRACKERS } from '../../src/shared/limits.ts';

const MIB = 2 ** 20;
const MANY = MIB / 4;
const MANY_FILES = 5_000;
/** Far beyond what linear time takes, also on a slow machine; quadratic time over a megabyte takes hours. */
const TIMEOUT_MS = 30_000;

const str = (text: string): string => `${Buffer.byteLength(text)}:${text}`;
const torrentOf = (info: string, top = ''): string =>
  `d${top}4:infod${info}12:piece lengthi16777216e6:pieces20:${'a'.repeat(20)}ee`;
const oneFile = (top: string): string => torrentOf('6:lengthi1e4:name1:n', top);
const files = (list: string, name = 'd'): string => torrentOf(`5:filesl${list}e4:name${str(name)}`);
const file = (...path: readonly string[]): string => `d6:lengthi1e4:pathl${path.map(str).join('')}ee`;

const HOSTILE: Readonly<Record<string, () => string>> = {
  'a name of dots that does not end in one': () =>
    torrentOf(`6:lengthi1e4:name${str(`${'.'.repeat(MANY)}x`)}`),
  'a name of spaces': () => torrentOf(`6:lengthi1e4:name${str(`${' '.repeat(MANY)}x`)}`),
  'marks that are put in order by what they are': () => files(file(`a${'\u0301\u0323'.repeat(MANY / 4)}`)),
  'a path of half a million folders': () => files(`d6:lengthi1e4:pathl${'1:a'.repeat(MANY / 2)}ee`),
  'deep paths that share nothing': () =>
    files(
      Array.from({ length: 200 }, (_, i) =>
        file(...Array.from({ length: MAX_PATH_DEPTH_LEVELS }, (_, j) => `${i}.${j}`)),
      ).join(''),
    ),
  'a name as long as the torrent, before many files': () =>
    files(file('a').repeat(MANY_FILES), 'n'.repeat(MANY)),
  'equal names': () => files(file('a', 'b').repeat(MANY_FILES)),
  'empty tiers': () => oneFile(`13:announce-listl${'le'.repeat(MANY)}e`),
  'empty trackers': () => oneFile(`13:announce-listll${'0:'.repeat(MANY)}ee`),
  'trackers one in a list in a list': () =>
    oneFile(`13:announce-listl${'l'.repeat(90)}${str('http://t/').repeat(MANY / 16)}${'e'.repeat(90)}e`),
  'dictionaries that are not read': () => oneFile(`1:xl${'de'.repeat(MANY)}e`),
  'keys that are not read': () =>
    oneFile(`1:xd${Array.from({ length: MANY / 8 }, (_, i) => `${str(String(i))}i1e`).join('')}e`),
  'digits of one number': () => oneFile(`1:xi${'0'.repeat(4 * MANY)}e7:comment${'0'.repeat(MANY)}1:c`),
};

for (const [what, make] of Object.entries(HOSTILE)) {
  test(`${what}: read at once`, { timeout: TIMEOUT_MS }, () => {
    const bytes = Buffer.from(make());
    const before = process.resourceUsage().maxRSS * 1_024;
    const metainfo = parseMetainfo(bytes, 'hostile');
    const suffixes = webSeedFiles(metainfo).reduce((sum, { names }) => sum + names.join('').length, 0);
    const grown = process.resourceUsage().maxRSS * 1_024 - before;
    assert.ok(metainfo.files.every(({ path }) => path.length <= MAX_PATH_DEPTH_LEVELS + 1));
    const names = metainfo.files.flatMap(({ urlSpellings }) => urlSpellings.flat());
    assert.ok(names.every((name) => name.length <= 3 * MAX_NAME_BYTES));
    assert.ok(metainfo.trackers.flat().length <= MAX_TRACKERS);
    assert.ok(grown < 64 * MIB + 40 * bytes.length + 2 * suffixes, `${grown} for ${bytes.length} bytes`);
  });
}
