/** Magnet links, and the bytes of the torrent that they become. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { metainfoOf, torrentBytes } from '../../src/main/torrent/from-metadata.ts';
import { bareInfoHash, mainHash } from '../../src/main/torrent/info-hash.ts';
import { parseMagnet } from '../../src/main/torrent/magnet.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { dict, int, str } from '../support/torrents.ts';

const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the info hash in hexadecimal and in base32, in any case', () => {
  assert.equal(hex(mainHash(parseMagnet(`magnet:?xt=urn:btih:${HEX.toUpperCase()}`).hashes)), HEX);
  // The same hash by Python's base64.b32encode.
  const base32 = 'YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK';
  for (const text of [base32, base32.toLowerCase()])
    assert.equal(hex(mainHash(parseMagnet(`magnet:?xt=urn:btih:${text}`).hashes)), HEX);
  assert.equal(hex(bareInfoHash(HEX)?.v1 ?? Buffer.alloc(0)), HEX);
  assert.equal(hex(bareInfoHash('yex6dqdlxisuvhoj6um3gnnkpqjwpkek')?.v1 ?? Buffer.alloc(0)), HEX);
  assert.equal(bareInfoHash(`${HEX}0`), null);
});

test('name, trackers with a query of their own, web seeds, peers, selection', () => {
  const magnet = parseMagnet(
    `magnet:?xt=urn:btmh:1220aa&xt=urn:btih:${HEX}&dn=a+b%20c&tr=http%3A%2F%2Ft%2Fa%3Fk%3Dv&tr=udp://u:1&tr=udp://u:1` +
      '&ws=http://w/f&x.pe=10.0.0.1:99&x.pe=[::1]:7&so=0,2-4',
  );
  assert.equal(magnet.name, 'a b c');
  assert.deepEqual(magnet.trackers, ['http://t/a?k=v', 'udp://u:1']);
  assert.deepEqual(magnet.webSeeds, ['http://w/f']);
  assert.deepEqual(magnet.peers, [
    { host: '10.0.0.1', port: 99 },
    { host: '::1', port: 7 },
  ]);
  assert.deepEqual(magnet.select, ['0', '2-4']);
});

test('keys in any case, with numbers, out of a web page; no question mark; a hash without its urn', () => {
  const magnet = parseMagnet(
    `MAGNET:?XT.1=URN:BTIH:${HEX}&amp;DN=x&tr.1=udp://a:1&Tr.2=udp://b:1&amp;tr=udp://c:1&X.PE=1.2.3.4:5&SO=1, 3`,
  );
  assert.equal(hex(mainHash(magnet.hashes)), HEX);
  assert.equal(magnet.name, 'x');
  assert.deepEqual(magnet.trackers, ['udp://a:1', 'udp://b:1', 'udp://c:1']);
  assert.deepEqual(magnet.peers, [{ host: '1.2.3.4', port: 5 }]);
  assert.deepEqual(magnet.select, ['1', '3']);
  assert.deepEqual(magnet.passedOver, []);
  for (const link of [`magnet:xt=urn:btih:${HEX}`, `magnet://?xt=urn%3Abtih%3A${HEX}`, `magnet:?xt=${HEX}`])
    assert.equal(hex(mainHash(parseMagnet(link).hashes)), HEX);
});

test('one bad value among good ones is skipped and reported, for any key', () => {
  const magnet = parseMagnet(
    `magnet:?xt=urn:sha1:abc&xt=urn:btmh:1220aa&xt=urn:btih:${HEX}&x.pe=nobody&x.pe=1.2.3.4:5&x.pe=1.2.3.4:0` +
      '&so=5-2,1,x,0-999999999999&tr=nowhere&tr=udp://u:1&ws=::&ws=http://w/',
  );
  assert.deepEqual(magnet.peers, [{ host: '1.2.3.4', port: 5 }]);
  assert.deepEqual(magnet.select, ['1']);
  assert.deepEqual(magnet.trackers, ['udp://u:1']);
  assert.deepEqual(magnet.webSeeds, ['http://w/']);
  assert.deepEqual(magnet.passedOver, [
    'xt=urn:sha1:abc',
    'xt=urn:btmh:1220aa',
    'tr=nowhere',
    'ws=::',
    'x.pe=nobody',
    'x.pe=1.2.3.4:0',
    'so=5-2',
    'so=x',
    'so=0-999999999999',
  ]);
});

test('skipped parts are safe for a terminal, hide passkeys, and are cut', () => {
  const secret = 'a'.repeat(32);
  const { passedOver } = parseMagnet(
    `magnet:?xt=${HEX}&x.pe=%1b[2J${'y'.repeat(99)}&tr=http://t/${secret}/${'x/'.repeat(2_000)}` +
      Array.from({ length: 50 }, (_, i) => `&so=bad${i}`).join(''),
  );
  const said = passedOver.join('\n');
  assert.ok(!said.includes('\u001b') && !said.includes(secret), said);
  assert.equal(passedOver.at(-1), '47 more of so');
});

test('long links are bounded: trackers, peers, ranges', () => {
  const many = (key: string, value: (i: number) => string): string =>
    Array.from({ length: 20_000 }, (_, i) => `&${key}=${value(i)}`).join('');
  const magnet = parseMagnet(
    `magnet:?xt=${HEX}${many('tr', (i) => `udp://t${i}:1`)}${many('x.pe', (i) => `h${i}:1`)}${many('so', String)}`,
  );
  assert.deepEqual([magnet.trackers.length, magnet.peers.length, magnet.select.length], [100, 100, 10_000]);
});

test('an unusable link is refused with the reason', () => {
  for (const [link, message] of [
    ['magnet:?dn=x', /it has no "xt=urn:btih:"/],
    [`magnet:?xt=urn:btih:${HEX.slice(1)}`, /an info hash has 40 hex digits; this has 39/],
    ['magnet:?xt=urn:btmh:1220aabb', /"xt=urn:btmh:" has not 1220 and then 64 hexadecimal/],
    ['magnet:', /it has no "xt=urn:btih:"/],
  ] as const)
    assert.throws(() => parseMagnet(link), message);
});

test('the torrent of a magnet link keeps the info dictionary byte for byte, and its trackers', () => {
  // Keys out of order: written anew it would have another hash.
  const info = dict({
    name: str('x'),
    length: int(5),
    'piece length': int(16_384),
    pieces: str(Buffer.alloc(20)),
  });
  const infoHash = createHash('sha1').update(info).digest();
  const magnet = parseMagnet(`magnet:?xt=urn:btih:${hex(infoHash)}&tr=http://t/a&tr=udp://u:1&ws=http://w/`);
  const metainfo = parseMetainfo(torrentBytes(magnet, info), 'test');
  assert.equal(hex(metainfo.infoHash), hex(infoHash));
  assert.deepEqual(metainfo.trackers, [['http://t/a'], ['udp://u:1']]);
  assert.deepEqual(metainfo.webSeeds, ['http://w/']);
});

test('a link of version 2 has a SHA-256, a hybrid has both hashes, and either is a torrent alone', () => {
  const long = HEX.repeat(2).slice(0, 64);
  const alone = parseMagnet(`magnet:?xt=urn:btmh:1220${long.toUpperCase()}`);
  assert.deepEqual([alone.hashes.v1, hex(alone.hashes.v2 ?? Buffer.alloc(0))], [null, long]);
  assert.equal(hex(mainHash(alone.hashes)), long.slice(0, 40), 'on the wire it is cut');
  const both = parseMagnet(`magnet:?xt=urn:btmh:1220${long}&xt=urn:btih:${HEX}`);
  assert.equal(hex(mainHash(both.hashes)), HEX);
  assert.equal(hex(both.hashes.v2 ?? Buffer.alloc(0)), long);
  assert.deepEqual(both.passedOver, []);
  assert.equal(hex(bareInfoHash(long)?.v2 ?? Buffer.alloc(0)), long);
  assert.equal(bareInfoHash(long.slice(1)), null);
});

test('metadata with bytes after its dictionary is refused, although the link names its hash: they would be keys of another torrent', () => {
  const info = dict({
    length: int(5),
    name: str('a'),
    'piece length': int(16_384),
    pieces: str('x'.repeat(20)),
  });
  const evil = Buffer.concat([info, str('url-list'), str('http://evil.example/x/')]);
  for (const [bytes, isRight] of [
    [info, true],
    [evil, false],
  ] as const) {
    const hash = createHash('sha1').update(bytes).digest('hex');
    const magnet = parseMagnet(`magnet:?xt=urn:btih:${hash}`);
    if (isRight) assert.equal(hex(metainfoOf(magnet, bytes).infoHash), hash);
    else
      assert.throws(() => metainfoOf(magnet, bytes), {
        code: 'bad-torrent',
        message: 'the metadata from the peers: bytes follow its dictionary; its maker must make it anew',
      });
  }
});
