/** Announces: the request, the answer, and what happens to trackers that fail. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import type { AnnounceRequest } from '../../src/main/discovery/announce.ts';
import { Announcer, type TrackerNews } from '../../src/main/discovery/announcer.ts';
import { announceUrl, httpAnnounce, readReply } from '../../src/main/discovery/http-tracker.ts';
import { udpAnnounce } from '../../src/main/discovery/udp-tracker.ts';
import { HttpClient } from '../../src/main/network/http-client.ts';
import { compactIpv4, compactIpv6 } from '../../src/shared/compact-peers.ts';
import { aloneInSession, HTTP_VISIT, overUdp } from '../support/announcing.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
const request: AnnounceRequest = {
  infoHash: Uint8Array.from({ length: 20 }, (_, i) => i * 13),
  peerId: Buffer.from('-UC0100-abcdefghijkl'),
  port: 6881,
  uploaded: 0,
  downloaded: 5,
  left: 7,
  event: 'started',
  numwant: 200,
  key: 0xdeadbeef,
};

const http = new HttpClient({ proxy: null, localAddress: null });
after(() => http.close());

test('the HTTP query: bytes percent-encoded, an existing query kept', () => {
  const url = announceUrl('http://t/announce?pass=1', request, Buffer.from([0, 65]));
  assert.equal(
    url,
    'http://t/announce?pass=1&info_hash=%00%0D%1A%274AN%5Bhu%82%8F%9C%A9%B6%C3%D0%DD%EA%F7' +
      '&peer_id=-UC0100-abcdefghijkl&port=6881&uploaded=0&downloaded=5&left=7&compact=1&numwant=200&key=deadbeef&event=started&trackerid=%00A',
  );
});

const reply = (text: string, status = 200) => readReply(Buffer.from(text, 'latin1'), status);

test('replies: compact, listed and IPv6 peers, intervals within bounds', () => {
  const both = reply(
    'd8:completei3e10:incompletei4e8:intervali1e5:peers6:\x01\x02\x03\x04\x1a\xe16:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50e',
  );
  assert.deepEqual(both.peers, [
    { host: '1.2.3.4', port: 6881 },
    { host: '2001:db8:0:0:0:0:0:1', port: 80 },
  ]);
  assert.deepEqual([both.seeders, both.leechers, both.intervalMs], [3, 4, 60_000]);
  const listed = reply(
    'd8:intervali99999999e5:peersld2:ip7:9.8.7.64:porti1eed2:ip4:evil4:porti1eed2:ip7:9.8.7.64:porti0eeee',
  );
  assert.deepEqual(listed.peers, [{ host: '9.8.7.6', port: 1 }]);
  assert.equal(listed.intervalMs, 3_600_000);
});

test('replies that are refusals say why, with the terminal safe', () => {
  assert.throws(() => reply('d14:failure reason10:go\x1b[2Jhomee'), /refused: go\ufffd\[2Jhome/);
  assert.throws(() => reply('<html>', 404), /HTTP status 404/);
  assert.throws(() => reply('<html>'), /not bencoded/);
  assert.throws(() => reply('le'), /not a dictionary/);
});

test('compact lists: an incomplete peer at the end, and port 0, are dropped', () => {
  assert.deepEqual(compactIpv4(Buffer.from([1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 9, 1, 2])), [
    { host: '5.6.7.8', port: 9 },
  ]);
  assert.deepEqual(compactIpv6(Buffer.alloc(17)), []);
});

const EMPTY = Buffer.from('d8:intervali1800e5:peers0:e');

test('HTTP: redirects are followed a few times, endless ones and huge answers are not', async () => {
  const server = await httpServer((n, url) => {
    const to = (location: string) => ({ status: 302, location, body: Buffer.alloc(0) });
    if (url.startsWith('/announce?huge')) return { body: Buffer.alloc(2 ** 20 + 10, 100) };
    if (url.startsWith('/announce?endless')) return to(`/announce?endless&${n}`);
    if (url.startsWith('/announce?circle')) return to('/announce?circle');
    return n === 1 ? to('/announce.php?there') : { body: EMPTY };
  });
  const announced = (query: string) =>
    httpAnnounce(`${server.announce}${query}`, request, null, http, HTTP_VISIT);
  try {
    assert.deepEqual((await announced('')).peers, []);
    assert.match(server.urls[1] ?? '', /^\/announce\.php\?there/);
    await assert.rejects(announced('?endless'), /redirects more than 5 times/);
    await assert.rejects(announced('?circle'), /redirects more than 5 times/);
    await assert.rejects(announced('?huge'), /longer than 1048576 bytes/);
  } finally {
    await server.close();
  }
});

test('HTTP: forbidden requests are refused before a byte is sent', async () => {
  const server = await httpServer(() => ({ body: EMPTY }));
  const other = server.announce.replace('/announce', '/shutdown?now');
  try {
    await assert.rejects(
      httpAnnounce(other, request, null, http, HTTP_VISIT),
      /the path of a tracker on this machine must be \/announce, or \/KEY\/announce/,
    );
    await assert.rejects(
      httpAnnounce('http://224.0.0.1/announce', request, null, http, HTTP_VISIT),
      /not an address of a host/,
    );
    assert.deepEqual(server.urls, []);
  } finally {
    await server.close();
  }
});

test('HTTP: a silent tracker is given up when the signal aborts', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const late = httpAnnounce(`http://127.0.0.1:${address.port}/announce`, request, null, http, {
    ...HTTP_VISIT,
    signal: AbortSignal.timeout(150),
  });
  await assert.rejects(late, /no answer in time/);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A UDP tracker with a script: for each datagram the answer, or null for silence. */
async function udpServer(
  script: (n: number, datagram: Buffer) => Buffer | null,
): Promise<{ socket: Socket; url: string; heard: Buffer[] }> {
  const socket = createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', (datagram, from) => {
    heard.push(datagram);
    const answer = script(heard.length, datagram);
    if (answer !== null) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind({ address: '127.0.0.1', port: 0 }, resolve));
  return { socket, url: `udp://127.0.0.1:${socket.address().port}/announce?key=1`, heard };
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
};
const connected = (datagram: Buffer): Buffer => words(0, datagram.readUInt32BE(12), 0xaaaa, 0xbbbb);
const announcedTo = (url: string, firstWaitMs = 3_000) =>
  overUdp((route) => udpAnnounce(url, request, { ...route, firstWaitMs }));
const announced = (datagram: Buffer): Buffer =>
  Buffer.concat([words(1, datagram.readUInt32BE(12), 900, 2, 3), Buffer.from([1, 2, 3, 4, 0, 80])]);

test('UDP: connect, announce, peers; the request as BEP 15 lays it out, with the URL data of BEP 41', async () => {
  const { socket, url, heard } = await udpServer((n, datagram) =>
    n === 1 ? connected(datagram) : announced(datagram),
  );
  const answer = await announcedTo(url);
  socket.close();
  assert.deepEqual(answer.peers, [{ host: '1.2.3.4', port: 80 }]);
  assert.deepEqual([answer.intervalMs, answer.leechers, answer.seeders], [900_000, 2, 3]);
  const [first, second] = heard;
  assert.equal(first?.subarray(0, 12).toString('hex'), '000004172710198000000000');
  assert.equal(second?.subarray(0, 12).toString('hex'), '0000aaaa0000bbbb00000001');
  assert.deepEqual(second?.subarray(16, 56), Buffer.concat([request.infoHash, request.peerId]));
  assert.equal(
    second?.subarray(56, 98).toString('hex'),
    '0000000000000005000000000000000700000000000000000000000200000000deadbeef000000c81ae1',
  );
  assert.equal(second?.subarray(98).toString('latin1'), '\x02\x0f/announce?key=1');
});

test('UDP: lost datagrams are sent again, strangers ignored, refusals reported', async () => {
  const lossy = await udpServer((n, datagram) =>
    n === 1
      ? null
      : n === 2
        ? connected(datagram)
        : n === 3
          ? words(1, 12_345, 0, 0, 0)
          : announced(datagram),
  );
  assert.equal((await announcedTo(lossy.url, 40)).peers.length, 1);
  assert.equal(lossy.heard.length, 4);
  lossy.socket.close();
  const refusing = await udpServer((_, datagram) =>
    Buffer.concat([words(3, datagram.readUInt32BE(12)), Buffer.from('no \x1b thanks')]),
  );
  await assert.rejects(announcedTo(refusing.url, 40), /refused: no \ufffd thanks/);
  refusing.socket.close();
  const mute = await udpServer(() => null);
  await assert.rejects(announcedTo(mute.url, 5), /no answer/);
  assert.equal(mute.heard.length, 4);
  mute.socket.close();
  await assert.rejects(announcedTo('udp://127.0.0.1/announce'), /has no port/);
});

test('tiers are asked at once, trackers of a tier in turn; the one that answered gets the end', async () => {
  const good = await httpServer(() => ({
    body: Buffer.from('d8:intervali1800e5:peers6:\x01\x02\x03\x04\x00\x50e', 'latin1'),
  }));
  const other = await httpServer(() => ({ body: EMPTY }));
  const news: TrackerNews[] = [];
  let peers = 0;
  let settle: () => void = () => {};
  const heard = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const dead = 'http://127.0.0.1:1/announce';
  const announcer = new Announcer({
    tiers: [[dead, good.announce], ['wss://no/announce', 'udp://:bad'], [other.announce]],
    private: false,
    infoHash: request.infoHash,
    peerId: request.peerId,
    port: Promise.resolve(1),
    http,
    ...aloneInSession(),
    progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    onPeers: (found) => {
      peers += found.length;
    },
    onNews: (item) => {
      news.push(item);
      if (
        news.filter(({ kind }) => kind === 'answered').length === 2 &&
        news.filter(({ kind }) => kind === 'failed').length >= 2
      )
        settle();
    },
  });
  announcer.start();
  await heard;
  assert.equal(peers, 1);
  assert.equal(announcer.hopeful, true);
  assert.ok(news.some(({ kind, text }) => kind === 'failed' && /"wss:" are not supported/.test(text)));
  announcer.completed();
  while (good.urls.length < 2 || other.urls.length < 2) await new Promise(setImmediate);
  await announcer.stop();
  const events = good.urls.map((url) => new URLSearchParams(url.split('?')[1]).get('event'));
  assert.deepEqual(events, ['started', 'completed', 'stopped']);
  await Promise.all([good.close(), other.close()]);
});

test('when the network is back, a failed tracker is asked again without its wait', async (t) => {
  let now = 1_000;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => now);
  const pass = (ms: number): void => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  const asked: number[] = [];
  const server = await httpServer(() => {
    asked.push(now - 1_000);
    return asked.length < 3 ? { status: 500, body: Buffer.alloc(0) } : { body: EMPTY };
  });
  const news: string[] = [];
  const heard = async (count: number): Promise<void> => {
    while (news.length < count) await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  const announcer = new Announcer({
    tiers: [[server.announce]],
    private: false,
    infoHash: request.infoHash,
    peerId: request.peerId,
    port: Promise.resolve(1),
    http,
    ...aloneInSession(),
    progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    onPeers: () => {},
    onNews: ({ kind }) => news.push(kind),
  });
  announcer.start();
  await heard(1);
  pass(15_000);
  await heard(2);
  pass(3_000);
  announcer.networkBack(false);
  pass(11_999);
  await new Promise(setImmediate);
  assert.deepEqual(asked, [0, 15_000], 'not twice in a moment');
  pass(1);
  await heard(3);
  assert.deepEqual(
    [news, asked],
    [
      ['failed', 'failed', 'answered'],
      [0, 15_000, 30_000],
    ],
  );
  await announcer.stop();
  await server.close();
});
