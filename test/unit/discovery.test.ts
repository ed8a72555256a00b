/** The DHT's guarded socket and the messages of local discovery, without a network. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { markedReadOnly, messageOf } from '../../src/main/discovery/dht-socket.ts';
import { lsdInterfaces } from '../../src/main/discovery/lsd-interfaces.ts';
import { announceText, parseAnnounce } from '../../src/main/discovery/lsd-packet.ts';
import { MAX_LSD_INTERFACES } from '../../src/shared/limits.ts';

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const ID = 'i'.repeat(20);
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

test('DHT packets with fields of other types than the library expects are dropped', () => {
  const ping = `d1:ad2:id20:${ID}e1:q4:ping1:t2:aa1:y1:qe`;
  assert.notEqual(messageOf(bytes(ping), false), null);
  assert.equal(messageOf(bytes(ping), true), null, 'who only asks is not asked');
  assert.notEqual(messageOf(bytes(`d1:rd2:id20:${ID}e1:t2:aa1:y1:re`), true), null);
  assert.notEqual(messageOf(bytes('d1:eli201e3:oope1:t2:aa1:y1:ee'), true), null);
  for (const bad of [
    '',
    'x',
    'le',
    `d1:rd2:idi7ee1:t2:aa1:y1:re`,
    `d1:rd2:id3:abce1:t2:aa1:y1:re`,
    `d1:ri1e1:t2:aa1:y1:re`,
    `d1:rd2:id20:${ID}e1:ti7e1:y1:re`,
    `d1:rd2:id20:${ID}e1:t2:aae`,
    // The library would see the second one.
    `d1:rd2:id20:${ID}e1:ri1e1:t2:aa1:y1:re`,
    `d9:__proto__de1:rd2:id20:${ID}e1:t2:aa1:y1:re`,
    `d1:ad2:id20:${ID}e1:qi1e1:t2:aa1:y1:qe`,
    `${ping}behind`,
    `d1:rd2:id20:${ID}1:x1500:${'x'.repeat(1_500)}e1:t2:aa1:y1:re`,
  ])
    assert.equal(messageOf(bytes(bad), false), null, bad.slice(0, 60));
});

test('a query of a node that only asks is marked as such (BEP 43), with any transaction id', () => {
  for (const t of ['aa', '1:', 'qe']) {
    const query = `d1:ad2:id20:${ID}e1:q4:ping1:t2:${t}1:y1:qe`;
    assert.equal(
      markedReadOnly(bytes(query)).toString('latin1'),
      `d1:ad2:id20:${ID}e1:q4:ping2:roi1e1:t2:${t}1:y1:qe`,
    );
  }
  const reply = bytes(`d1:rd2:id20:${ID}e1:t2:aa1:y1:re`);
  assert.equal(markedReadOnly(reply), reply);
});

test('local discovery: each interface once per family, only the chosen one with --interface, and no loopback', () => {
  const info = (address: string) => ({ address }) as NetworkInterfaceInfo;
  const all = {
    lo: [info('127.0.0.1'), info('::1')],
    eth0: [info('192.168.1.5'), info('10.0.0.5'), info('fe80::1'), info('2001:db8::5')],
    wlan0: [info('fe80::2')],
    tun0: [info('10.8.0.2')],
  };
  const keys = (from: string | null) => lsdInterfaces(all, from).map(({ key }) => key);
  assert.deepEqual(keys(null), ['eth0 192.168.1.5', 'eth0 ::%eth0', 'wlan0 ::%wlan0', 'tun0 10.8.0.2']);
  assert.deepEqual(keys('10.0.0.5'), ['eth0 10.0.0.5']);
  assert.deepEqual(keys('2001:0db8::5'), ['eth0 ::%eth0']);
  assert.deepEqual(keys('1.2.3.4'), []);
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`veth${i}`, [info(`10.0.${i >> 8}.${i & 255}`)]]),
  );
  assert.equal(lsdInterfaces(many, null).length, MAX_LSD_INTERFACES);
});

test('local discovery: our messages are as BEP 14 says, and we can parse them', () => {
  const text = announceText('239.192.152.143', 6_881, [HASH], 'abc');
  assert.equal(
    text,
    `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${HASH}\r\ncookie: abc\r\n\r\n\r\n`,
  );
  assert.deepEqual(parseAnnounce(text), { port: 6_881, infoHashes: [HASH], cookie: 'abc' });
});

test('local discovery: several torrents, names in any case, and invalid messages', () => {
  const other = HASH.replace('c', 'd');
  assert.deepEqual(
    parseAnnounce(
      `BT-SEARCH * HTTP/1.1\r\nhost: x\r\nPORT: 1\r\nInfohash: ${HASH.toUpperCase()}\r\ninfohash: ${other}\r\n\r\n`,
    ),
    { port: 1, infoHashes: [HASH, other], cookie: null },
  );
  for (const bad of [
    '',
    'BT-SEARCH * HTTP/1.1',
    'BT-SEARCH * HTTP/1.1\r\n',
    `BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: ${HASH}\r\n`,
    `BT-SEARCH * HTTP/1.1\r\nPort: 70000\r\nInfohash: ${HASH}\r\n`,
    `BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: short\r\n`,
    `GET / HTTP/1.1\r\nPort: 1\r\nInfohash: ${HASH}\r\n`,
  ])
    assert.equal(parseAnnounce(bad), null, bad);
});
