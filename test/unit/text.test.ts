/** Foreign text that is shown to the user. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  printable,
  printableJson,
  redactedUrl,
  showSecrets,
  typedUrl,
  withoutSecrets,
} from '../../src/main/text/foreign-text.ts';
import { shownLines } from '../../src/main/text/shown-lines.ts';
import { wrapped } from '../../src/main/text/wrapped.ts';
import { magnetLink } from '../../src/main/torrent/magnet-link.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { ROOT } from '../support/paths.ts';
import { int, list, str, torrentOf } from '../support/torrents.ts';

const HEX = '0123456789abcdef0123456789abcdef';

test('text from the network cannot control the terminal', () => {
  assert.equal(printable('a\x1b[2Jb\r\n\u202egpj.exe'), 'a\ufffd[2Jb\ufffd\ufffd\ufffdgpj.exe');
  for (const code of [
    0, 7, 9, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x61c, 0x115f, 0x180e, 0x200b, 0x200e, 0x2028, 0x202e, 0x2060,
    0x2066, 0x3164, 0xfeff, 0xfff9, 0xe0041, 0xd800,
  ])
    assert.equal(printable(String.fromCodePoint(code)), '\ufffd', code.toString(16));
  for (const name of ['Ünïcødé', 'e\u0301', '日本語', '👩\u200d🔬', '❤\ufe0f', 'می\u200cخواهم'])
    assert.equal(printable(name), name);
});

test('a line stays one line', () => {
  assert.deepEqual(shownLines(['a\ncomplete and verified: b', '\r\x1b[2K']), [
    'a\ufffdcomplete and verified: b',
    '\ufffd\ufffd[2K',
  ]);
});

test('JSON carries every string unchanged, in bytes that control nothing', () => {
  const value = { name: '\u009b31m\u202egpj\x1b\u{e0041}\ud800"\\', list: ['\u2028', '\x7f'] };
  const text = printableJson(value);
  assert.equal(printable(text), text);
  assert.deepEqual(JSON.parse(text), value);
});

test('a URL is shown without anything that may identify the user', () => {
  for (const [url, shown] of [
    [`http://user:${HEX}@t.example:8080/${HEX}/announce?passkey=1`, 'http://t.example:8080/…?…'],
    ['udp://t.example:80', 'udp://t.example:80'],
    ['udp://tracker.example.org:1337/announce', 'udp://….example.org:1337/announce'],
    ['https://tracker.example/abc123def4567/announce', 'https://tracker.example/…'],
    [`https://tracker.example/announce;k=${HEX}`, 'https://tracker.example/…'],
    [`https://tracker.example/announce#${HEX}`, 'https://tracker.example/announce#…'],
    [`https://${HEX}.tracker.example/announce`, 'https://….tracker.example/announce'],
    [`https://${HEX}.tracker.co.uk/`, 'https://….tracker.co.uk/'],
    [`https://${HEX}.tracker.to`, 'https://….tracker.to'],
    [`https://[2001:db8::1]:80/${HEX}`, 'https://[2001:db8::1]:80/…'],
    [`http://127.0.0.1:9117/dl/${HEX}`, 'http://127.0.0.1:9117/…'],
    [`HTTPS:\\\\${HEX}.tracker.example\\${HEX}`, 'HTTPS://….tracker.example/…'],
    [`https:tracker.example/${HEX}`, 'https://tracker.example/…'],
    [`https://tracker.exam\nple/${HEX}`, 'https://tracker.example/…'],
    [`https://tracker.example:${HEX}/`, 'https://tracker.example/'],
    ['::', '(unreadable URL)'],
    [HEX, '(unreadable URL)'],
  ] as const) {
    assert.equal(redactedUrl(url), shown, url);
    assert.equal(redactedUrl(shown), shown, 'once is enough');
  }
});

test('what the user typed for a URL is shown as typed, without its secrets', () => {
  for (const [typed, shown] of [
    ['foo', 'foo'],
    ['foo/announce', 'foo/announce'],
    ['t.example:80/announce', 't.example:80/announce'],
    [`t.example/${HEX}/announce`, 't.example/…'],
    [`${HEX}.t.example`, '….t.example'],
    ['me:hush@1.2.3.4:1080', '1.2.3.4:1080'],
    ['http://', 'http://'],
    ['::', '::'],
    ['', ''],
    [`https://t.example/${HEX}`, 'https://t.example/…'],
    [`http:///${HEX}`, redactedUrl(`http:///${HEX}`)],
  ] as const)
    assert.equal(typedUrl(typed), shown, typed);
});

test('the same in the middle of a text, and in a magnet link', () => {
  for (const [text, shown] of [
    [`cannot fetch https://a.b.example/${HEX}?k=${HEX}, gone`, 'cannot fetch https://….b.example/…?…, gone'],
    ['metrics at http://127.0.0.1:80/metrics', 'metrics at http://127.0.0.1:80/metrics'],
    ['not socks5://HOST:PORT or http://HOST:PORT', 'not socks5://HOST:PORT or http://HOST:PORT'],
    ['at file:///x/y.js:1:2', 'at file:///x/y.js:1:2'],
    [
      `magnet:?xt=urn:btih:${HEX}&xt=urn:btmh:1220${HEX}&dn=a&tr=udp%3A%2F%2Ft.example%3A80&tr=https%3A%2F%2Ft.example%2F${HEX}&k=${HEX}`,
      `magnet:?xt=urn:btih:${HEX}&xt=urn:btmh:1220${HEX}&dn=a&tr=udp%3A%2F%2Ft.example%3A80&…`,
    ],
  ] as const) {
    assert.equal(withoutSecrets(text), shown);
    assert.equal(withoutSecrets(shown), shown);
  }
  assert.deepEqual(JSON.parse(printableJson({ a: [`x https://t.example/${HEX}`] })), {
    a: ['x https://t.example/…'],
  });
});

test('a text of megabytes takes no time', () => {
  const began = performance.now();
  for (const part of ['a.', 'a:', 'a://', 'magnet:?', 'https://a.', '&tr=', '\\x1b', ':////'])
    shownLines([part.repeat(200_000), `magnet:?${part.repeat(200_000)}`, `https://${part.repeat(200_000)}`]);
  assert.ok(performance.now() - began < 10_000);
});

test('--show-secrets shows all', () => {
  const url = `https://u:p@${HEX}.tracker.example/${HEX}?k`;
  showSecrets(true);
  try {
    assert.equal(redactedUrl(url), url);
    assert.equal(withoutSecrets(`a ${url} b`), `a ${url} b`);
    assert.deepEqual(magnetTrackers(true), [`https://t.example/${HEX}/announce`, 'udp://t.example:80']);
  } finally {
    showSecrets(false);
  }
});

function magnetTrackers(isPrivate: boolean): string[] {
  const trackers = [`https://t.example/${HEX}/announce`, 'udp://t.example:80'];
  const torrent = torrentOf(isPrivate ? { private: int(1) } : {}, {
    'announce-list': list(list(...trackers.map(str))),
  });
  return new URLSearchParams(magnetLink(parseMetainfo(torrent, 'x')).slice('magnet:?'.length)).getAll('tr');
}

test('a magnet link names the trackers that are not secret, and none of a private torrent', () => {
  assert.deepEqual(magnetTrackers(false), ['udp://t.example:80']);
  assert.deepEqual(magnetTrackers(true), []);
});

test('a magnet link has the name in the bytes of the torrent', () => {
  for (const bytes of [
    [0x61, 0xff],
    [0xed, 0xa0, 0x80],
    [0xc3, 0xa9],
  ]) {
    const link = magnetLink(parseMetainfo(torrentOf({ name: str(Buffer.from(bytes)) }), 'x'));
    const encoded = bytes.map((byte) => (byte === 0x61 ? 'a' : `%${byte.toString(16).toUpperCase()}`));
    assert.ok(link.endsWith(`&dn=${encoded.join('')}`), link);
  }
});

test('only these files write to stdout and stderr', () => {
  const folder = join(ROOT, 'src', 'main');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  assert.ok(files.length > 50);
  const writers = files.filter((file) =>
    /process\.std(?:out|err)\b|process\[/.test(readFileSync(join(folder, file), 'utf8')),
  );
  // The console redraws lines that went through the terminal's writer; the user's own program writes for itself.
  assert.deepEqual(writers.sort(), [
    'cli/output/choose-files.ts',
    'cli/output/console.ts',
    'cli/output/terminal.ts',
    'cli/runs/completion-program.ts',
  ]);
});

test('a terminal breaks no word: lines are wrapped before it, with their indentation, and long words stay whole', () => {
  assert.deepEqual(wrapped('short', 10), ['short']);
  assert.deepEqual(wrapped('one two three four', 9), ['one two', 'three', 'four']);
  assert.deepEqual(wrapped('     one two three', 12), ['     one two', '     three']);
  assert.deepEqual(wrapped('see /a/very/long/path/to/a/file now', 10), [
    'see',
    '/a/very/long/path/to/a/file',
    'now',
  ]);
  assert.deepEqual(wrapped('/a/very/long/path/to/a/file', 10), ['/a/very/long/path/to/a/file']);
});
