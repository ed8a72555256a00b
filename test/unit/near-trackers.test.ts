/** What a torrent from a stranger can make us request on our own machine and network: only trackers. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { getEventListeners } from 'node:events';
import { after, test } from 'node:test';
import { Announcer } from '../../src/main/discovery/announcer.ts';
import { trackerRefusal } from '../../src/main/discovery/local-tracker.ts';
import { scrapeAll } from '../../src/main/discovery/scrape.ts';
import { boundedTiers } from '../../src/main/discovery/tracker-bounds.ts';
import { udpAnnounce } from '../../src/main/discovery/udp-tracker.ts';
import { HttpClient } from '../../src/main/network/http-client.ts';
import { MAX_TRACKERS, MAX_TRACKERS_PER_HOST } from '../../src/shared/limits.ts';
import { hostsOf, lookUp } from '../../src/shared/name-lookup.ts';
import { ANNOUNCE, aloneInSession, overUdp } from '../support/announcing.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
const http = new HttpClient({ proxy: null, localAddress: null });
after(() => http.close());

const paths = (paths: readonly string[], what: 'announce' | 'scrape', reach: 'loopback' | 'private') =>
  paths.filter((path) => trackerRefusal(what, new URL(`http://h${path}`).pathname, reach) === null);

test('the rule is exact, for this machine and for the local network', () => {
  const good = ['/announce', '/announce.php', '/announce?k=1', '/0123456789abcdef0123/announce'];
  const bad = [
    '/',
    '/announceX',
    '/announce/',
    '/announce/../api/delete?id=1',
    '/announce/%2e%2e/api',
    '/announced-api/reset',
    '/announce-all',
    '/announce%2f..%2fapi',
    '/announce;x',
    '/announce.php5',
    '/ANNOUNCE',
    '/admin/announce',
    '/admin/shutdown/announce',
    '//announce',
    '/a/0123456789abcdef0123/announce',
    '/scrape',
  ];
  for (const reach of ['loopback', 'private'] as const) {
    assert.deepEqual(paths([...good, ...bad], 'announce', reach), good);
    assert.deepEqual(paths(['/scrape', '/scrape.php', '/announce', '/scrapeX'], 'scrape', reach), [
      '/scrape',
      '/scrape.php',
    ]);
  }
  assert.equal(trackerRefusal('announce', '/anything', 'public'), null);
});

/** The news of an announcer with these tiers, until there are `count`; then it is stopped and asked whether it had hope. */
async function newsOf(
  tiers: readonly (readonly string[])[],
  count: number,
  onHope: (hopeful: boolean) => void = () => {},
): Promise<string[]> {
  const said: string[] = [];
  let enough: () => void = () => {};
  const heard = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const announcer = new Announcer({
    tiers,
    private: false,
    infoHash: ANNOUNCE.infoHash,
    peerId: ANNOUNCE.peerId,
    port: Promise.resolve(1),
    http,
    ...aloneInSession(),
    progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    onPeers: () => {},
    onNews: (news) => {
      said.push(`${news.kind}: ${news.text}`);
      if (said.length >= count) enough();
    },
  });
  announcer.start();
  await heard;
  // This round ends.
  await new Promise(setImmediate);
  onHope(announcer.hopeful);
  await announcer.stop();
  return said;
}

test('announces, redirects and scrapes follow it, by name, address and mapped address', async () => {
  const server = await httpServer((_, url) =>
    url.startsWith('/announce?to=')
      ? {
          status: 302,
          location: new URL(`http://h${url}`).searchParams.get('to') ?? '',
          body: Buffer.alloc(0),
        }
      : { body: Buffer.from('d8:intervali1800e5:peers0:e') },
  );
  const { port } = new URL(server.announce);
  const hosts = [`127.0.0.1:${port}`, `[::ffff:127.0.0.1]:${port}`, `127.1:${port}`];
  const evil = hosts.flatMap((host) => [
    [`http://${host}/admin/announceX?really=yes`],
    [`http://${host}/announce?to=/admin/reset`],
    [`http://${host}/announce?to=/announce/../admin`],
  ]);
  try {
    const said = await newsOf(evil, evil.length);
    for (const one of said)
      assert.match(
        one,
        /^failed: the path of a tracker on this machine must be \/announce, or \/KEY\/announce/,
      );
    assert.deepEqual(
      server.urls.filter((url) => !url.startsWith('/announce?to=')),
      [],
    );
    const visits = server.urls.length;
    const scrapes = await scrapeAll(
      evil.flat().concat(`http://${hosts[0]}/announce-all`),
      ANNOUNCE.infoHash,
      http,
      null,
    );
    for (const { error } of scrapes)
      assert.match(error ?? '', /must be \/scrape|no scrape path|HTTP|bencoded|does not know/);
    const after = server.urls.slice(visits);
    assert.deepEqual(
      after.filter((url) => !/^\/scrape\?/.test(url)),
      [],
    );
  } finally {
    await server.close();
  }
});

test('over UDP as well, and a mapped address counts as IPv4', async () => {
  const socket = createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', (datagram, from) => {
    heard.push(datagram);
    const answer = Buffer.alloc(26);
    datagram.copy(answer, 4, 12, 16);
    if (datagram.length > 16) {
      answer.writeUInt32BE(1, 0);
      Buffer.from([1, 2, 3, 4, 0, 80]).copy(answer, 20);
    }
    socket.send(datagram.length > 16 ? answer : answer.subarray(0, 16), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  const announced = (url: string) => overUdp((route) => udpAnnounce(url, ANNOUNCE, route));
  await assert.rejects(announced(`udp://127.0.0.1:${port}/admin?x`), /must be \/announce/);
  assert.equal(heard.length, 0);
  for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', 'localhost']) {
    const { peers, reach } = await announced(`udp://${host}:${port}`);
    assert.deepEqual([peers, reach], [[{ host: '1.2.3.4', port: 80 }], 'loopback'], host);
  }
  await assert.rejects(announced(`udp://0.0.0.0:${port}`), /not an address of a host/);
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});

test('a tracker name with addresses of both families is asked over each, and one answer is enough', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = await httpServer(() => ({ body: Buffer.from('d8:intervali1800e5:peers0:e') }), host);
    const { port } = new URL(server.announce);
    assert.deepEqual(await newsOf([[`http://localhost:${port}/announce`]], 1), ['answered: 0 peers'], host);
    await server.close();
    const six = host === '::1';
    const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six });
    socket.on('message', (datagram, from) => {
      const answer = Buffer.alloc(20);
      answer.writeUInt32BE(datagram.length > 16 ? 1 : 0, 0);
      datagram.copy(answer, 4, 12, 16);
      socket.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => socket.bind(0, host, resolve));
    const said = await newsOf([[`udp://localhost:${socket.address().port}`]], 1);
    assert.deepEqual(said, ['answered: 0 peers'], host);
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
});

test('a lasting failure is no reason to wait, a temporary one is', async () => {
  const status = (code: number, text: string) =>
    httpServer(() => ({ status: code, body: Buffer.from(text) }));
  const [gone, busy, never] = [
    await status(404, 'gone'),
    await status(503, 'busy'),
    await status(200, 'd14:failure reason2:no8:retry in5:nevere'),
  ];
  const cases: readonly (readonly [url: string, said: RegExp, hopeful: boolean])[] = [
    [gone.announce, /^failed: HTTP status 404$/, false],
    [never.announce, /^failed: refused: no; it is not asked again$/, false],
    [busy.announce, /^failed: HTTP status 503; next try in 15 s$/, true],
    ['http://127.0.0.1:1/announce', /^failed: no program listens there; next try in 15 s$/, true],
    ['wss://127.0.0.1/announce', /"wss:" are not supported; it is not asked again$/, false],
    ['nonsense', /its URL is not valid; it is not asked again$/, false],
    ['udp://127.0.0.1', /its URL has no port$/, false],
    [
      gone.announce.replace('announce', 'admin'),
      /must be \/announce, or \/KEY\/announce with a key of/,
      false,
    ],
  ];
  for (const [url, words, hopeful] of cases) {
    let hoped: boolean | undefined;
    const said = await newsOf([[url]], 1, (hope) => {
      hoped = hope;
    });
    assert.match(said[0] ?? '', words);
    assert.equal(hoped, hopeful, url);
  }
  await Promise.all([gone.close(), busy.close(), never.close()]);
});

test('the number of trackers in a torrent is limited, in any form, also per host', async () => {
  const crowd = Array.from({ length: 5_000 }, (_, i) => `http://127.0.0.1:1/announce?${i}`);
  const spread = Array.from({ length: 5_000 }, (_, i) => `http://h${i}.example/announce`);
  for (const form of [[crowd], crowd.map((url) => [url])])
    assert.equal(boundedTiers(form).flat().length, MAX_TRACKERS_PER_HOST);
  assert.equal(boundedTiers([crowd, spread]).flat().length, MAX_TRACKERS);
  assert.deepEqual(boundedTiers([['udp://A.b:1/x', 'udp://A.b:1/x#2'], ['udp://A.b:1/x']]), [
    ['udp://A.b:1/x'],
  ]);
  const server = await httpServer(() => ({ body: Buffer.from('no') }));
  const tier = Array.from({ length: 200 }, (_, i) => `${server.announce}?${i}`);
  await newsOf([tier], MAX_TRACKERS_PER_HOST);
  assert.equal(server.urls.length, MAX_TRACKERS_PER_HOST);
  await server.close();
});

test('names: the hosts file, names without a query, and a look-up that is cancelled', async () => {
  const file =
    '# no\n127.0.0.1 localhost\r\n10.1.2.3\tTrk.test other # trk2.test\n::ffff:10.0.0.9 trk.test.\nbad trk.test\n';
  assert.deepEqual(hostsOf(file, 'TRK.test'), [{ address: '10.1.2.3', family: 4 }]);
  assert.deepEqual(hostsOf(file, 'trk2.test'), []);
  const { signal } = new AbortController();
  assert.deepEqual(await lookUp('::1', signal), [{ address: '::1', family: 6 }]);
  assert.deepEqual(
    (await lookUp('x.localhost.', signal)).map(({ address }) => address),
    ['127.0.0.1', '::1'],
  );
  const begun = performance.now();
  await assert.rejects(
    lookUp('no-such-name.invalid', AbortSignal.abort()),
    /cannot be looked up \(abandoned\)/,
  );
  assert.ok(performance.now() - begun < 1_000);
  await assert.rejects(lookUp('no-such-name.invalid', signal), /cannot be looked up/);
  assert.equal(getEventListeners(signal, 'abort').length, 0, 'nothing stays with the signal of a run');
});
