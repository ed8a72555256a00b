/** Sources that are something else: web pages, archives, mistyped links and hashes. The message says what they are. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Failure } from '../../src/main/failure.ts';
import { HttpClient } from '../../src/main/network/http-client.ts';
import { shownLines } from '../../src/main/text/shown-lines.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { otherContent } from '../../src/main/torrent/other-content.ts';
import { openSource } from '../../src/main/torrent/source.ts';
import { expandSources } from '../../src/main/torrent/source-list.ts';
import { hashMistake } from '../../src/main/torrent/source-mistakes.ts';
import { MAX_TORRENT_FILE_BYTES } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { httpServer } from '../support/http-server.ts';
import { torrentOf } from '../support/torrents.ts';

const folder = temporaryFolder();
const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const PAGE = '<!DOCTYPE html>\n<html><head><title>\n Log in &amp; download\x1b[2J </title></head></html>';

async function refusal(source: string): Promise<string> {
  const http = new HttpClient({ proxy: null, localAddress: null });
  try {
    await openSource(source, http);
    return assert.fail(`${source} was opened`);
  } catch (error) {
    assert.ok(error instanceof Failure && error.exitStatus === 3, String(error));
    return shownLines([error.message])[0] ?? '';
  } finally {
    http.close();
  }
}

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('a file that is no torrent: what it is, and what to do', async () => {
  const cases: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    [
      'page',
      PAGE,
      /page: this is a web page \("Log in & download\ufffd\[2J"\), not a torrent; give the link/,
    ],
    ['bare', '<html>', /bare: this is a web page, not a torrent/],
    ['late', '\ufeff <?xml version="1.0"?>\n<!-- a --> <!-- b --><HTML>', /late: this is a web page, not/],
    ['feed', '<?xml version="1.0"?><rss/>', /feed: this is an XML file/],
    ['empty', '', /empty: it is empty; download it again/],
    ['gz', gzipSync(torrentOf()), /gz: it is compressed with gzip; unpack it/],
    ['zip', Buffer.from('PK\x03\x04rest'), /zip: it is a zip archive; unpack it/],
    [
      'links',
      `magnet:?xt=urn:btih:${HEX}\n#\n`,
      /links: the file contains more than one line; give @.*links to read/,
    ],
    [
      'text',
      'hello',
      /text: this is not a torrent; give a .torrent file, .* \(not a bencoded value at byte 0\)$/,
    ],
    ['json', '{}', /json: this is not a torrent; give/],
    ['cut', torrentOf().subarray(0, 60), /cut: it is cut off; download it again \(.* at byte \d+\)$/],
    ['damaged', Buffer.from(`d8:announce${'x'.repeat(9)}`), /damaged: it is damaged; download it again \(/],
  ];
  for (const [name, content, words] of cases) assert.match(await refusal(fileOf(name, content)), words);
});

test('a file with a magnet link is opened; where a torrent is needed, the error says how to make one', async () => {
  const http = new HttpClient({ proxy: null, localAddress: null });
  const path = fileOf('y.magnet', `\ufeff\nmagnet:?xt=urn:btih:${HEX}&dn=y\r\n`);
  try {
    const source = await openSource(path, http);
    assert.deepEqual([source.kind, source.kind === 'magnet' && source.magnet.name], ['magnet', 'y']);
  } finally {
    http.close();
  }
  assert.throws(
    () => loadTorrent(path),
    /y.magnet: the file contains a magnet link, .* get --save-torrent makes one/,
  );
  assert.deepEqual(
    expandSources([folder]).filter((name) => name.endsWith('.magnet')),
    [path],
  );
});

test('what is empty was not always downloaded', async () => {
  assert.match(await refusal('/dev/null'), /^\/dev\/null: it is empty; give a .torrent file$/);
  const server = await httpServer(() => ({ body: Buffer.alloc(0) }));
  try {
    assert.match(await refusal(server.announce), /: it is empty; try again later$/);
    assert.match(
      await refusal(server.announce.replace('http:', 'https:')),
      /: it does not speak https; try http:/,
    );
  } finally {
    await server.close();
  }
});

test('a URL that answers with a web page or an error', async () => {
  const server = await httpServer((_, url) =>
    url.endsWith('gone') ? { status: 404, body: Buffer.alloc(0) } : { body: Buffer.from(PAGE) },
  );
  try {
    assert.match(await refusal(server.announce), /this is a web page \("Log in & download/);
    assert.match(
      await refusal(server.announce.replace('announce', 'gone')),
      /cannot be fetched: HTTP status 404 \(Not Found\)/,
    );
  } finally {
    await server.close();
  }
});

test('a URL of any other file, small or large, names the way to get that', async () => {
  const large = Buffer.alloc(MAX_TORRENT_FILE_BYTES + 1);
  const server = await httpServer((_, url) => ({
    body: url.endsWith('large') ? large : Buffer.from('words'),
  }));
  try {
    assert.match(
      await refusal(server.announce),
      /this is not a torrent; give the URL of a .torrent; .* needs --cluster/,
    );
    assert.match(
      await refusal(server.announce.replace('announce', 'large')),
      /larger than any .torrent \(\d+ bytes\); .* needs --cluster$/,
    );
  } finally {
    await server.close();
  }
});

test('a hostile page takes no time', () => {
  const before = performance.now();
  const long = 1_000_000;
  for (const part of ['<title', '<!--', '<!-- -->', '<?xml', ' ', '<!-', '<title>'])
    for (const end of ['', '<html>']) otherContent(Buffer.from(part.repeat(long / part.length) + end));
  assert.ok(performance.now() - before < 5_000);
});

test('a mistyped source: what is wrong, and what unchoke opens', async () => {
  for (const [source, words] of [
    ['/nonexistent.torrent', /^\/nonexistent.torrent: there is no such file$/],
    [folder, /: it is a folder, not a file$/],
    [join(fileOf('plain', 'x'), 'x'), /: a part of the path is not a folder \(ENOTDIR\)$/],
    [
      'htp://a.example/x',
      /unchoke does not know "htp:"; unchoke opens http:\/\/ and https:\/\/ URLs, magnet: links/,
    ],
    ['ftp://a.example/x', /unchoke does not know "ftp:"/],
    ['file:///tmp/x', /give the path of the file, without file:\/\//],
    ['http:/a.example/secret', /^http:\/…: a URL has two slashes here: http:\/\/HOST\/…$/],
    ['http:///', /two slashes/],
    ['HTTPS:a.example', /^HTTPS:…: a URL has two slashes here: https:\/\/HOST\/…$/],
    ['http://a.example:99999/', /^http:\/\/…: not a valid URL/],
    ['www.a.example/x.torrent', /there is no such file; a URL begins with http:\/\/ or https:\/\//],
    [`magnet?xt=urn:btih:${HEX}`, /a magnet link begins with "magnet:"/],
    [`maget:?xt=urn:btih:${HEX}`, /a magnet link begins with "magnet:"/],
    [`urn:btih:${HEX}`, /give the hash alone/],
    ['magnet:x', /not a usable magnet link: it has no "xt=urn:btih:".*magnet:\?xt=urn:btih:HASH$/],
    [`magnet:?xt=urn:btih:${HEX}0`, /not a usable magnet link: an info hash has 40 hex digits; this has 41/],
    [HEX.slice(1), /an info hash has 40 hex digits; this has 39$/],
    [`${HEX}0`, /an info hash has 40 hex digits; this has 41$/],
    [`${HEX.slice(1)}o`, /an info hash has only the hex digits 0-9 and a-f; this has "o"$/],
    ['YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKE', /an info hash in base32 has 32 characters; this has 31$/],
    ['', /^SOURCE: an empty name; unchoke opens/],
  ] as const)
    assert.match(await refusal(source), words, source);
});

test('a name that only resembles a hash is a name; a file with such a name is read', async () => {
  for (const name of ['debian-12.torrent', 'x', 'decade', 'abcdefghijklmnopqrstuvwxyzabcde', 'IMG_20240101'])
    assert.equal(hashMistake(name), null, name);
  const before = process.cwd();
  const name = HEX.slice(1);
  mkdirSync(join(folder, 'work'));
  writeFileSync(join(folder, 'work', name), torrentOf());
  process.chdir(join(folder, 'work'));
  const http = new HttpClient({ proxy: null, localAddress: null });
  try {
    assert.equal((await openSource(name, http)).kind, 'torrent');
  } finally {
    http.close();
    process.chdir(before);
  }
});
