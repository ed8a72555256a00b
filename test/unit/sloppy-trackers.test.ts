/** Tracker answers that break rules, as real trackers send them: each is read as other clients read it, or refused in plain words. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { announceUrl, httpAnnounce, readReply } from '../../src/main/discovery/http-tracker.ts';
import { readScrape, scrapeAll, scrapeUrl } from '../../src/main/discovery/scrape.ts';
import { HttpClient } from '../../src/main/network/http-client.ts';
import { ANNOUNCE, HTTP_VISIT } from '../support/announcing.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
const http = new HttpClient({ proxy: null, localAddress: null });
after(() => http.close());
const { signal } = HTTP_VISIT;

/** Turns of the event loop after which a packet on loopback has been read. */
const TURNS = 20;

/** A server that answers every connection with these bytes and closes it; in two packets if the first one must end `at` a byte. */
async function answering<Result>(
  bytes: string | Buffer,
  use: (url: string) => Promise<Result>,
  at: number | null = null,
): Promise<Result> {
  const send = async (socket: Socket): Promise<void> => {
    if (at === null) return void socket.end(bytes);
    socket.setNoDelay();
    socket.write(bytes.slice(0, at));
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    socket.end(bytes.slice(at));
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', () => void send(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    return await use(`http://127.0.0.1:${port}/announce`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
const asked = (url: string) => httpAnnounce(url, ANNOUNCE, null, http, HTTP_VISIT);

const GOOD = Buffer.from('d8:intervali1800e5:peers6:\x01\x02\x03\x04\x00\x50e', 'latin1');
const text = GOOD.toString('latin1');
const http11 = (body: Buffer, head = '') =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`),
    body,
  ]);
const raw = (bytes: string): Buffer => Buffer.from(bytes, 'latin1');

const READABLE: Readonly<Record<string, Buffer>> = {
  'a newline behind the value': http11(raw(`${text}\n`)),
  'another value behind it': http11(raw(`${text}6:peers60:`)),
  'white space before it': http11(raw(`\r\n ${text}`)),
  gzip: http11(gzipSync(GOOD), 'Content-Encoding: gzip\r\n'),
  'gzip, not said': http11(gzipSync(GOOD)),
  deflate: http11(deflateSync(GOOD), 'Content-Encoding: deflate\r\n'),
  'deflate without zlib': http11(deflateRawSync(GOOD), 'Content-Encoding: deflate\r\n'),
  brotli: http11(brotliCompressSync(GOOD), 'Content-Encoding: br\r\n'),
  'gzip is said and is not': http11(GOOD, 'Content-Encoding: gzip\r\n'),
  'bare LF': raw(`HTTP/1.0 200 OK\nContent-Type: text/plain\n\n${text}`),
  'bare LF with a length': raw(`HTTP/1.1 200 OK\nContent-Length: ${GOOD.length}\n\n${text}`),
  'chunked and a length': raw(
    `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${GOOD.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  ),
  'chunked with bare LF': raw(
    `HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n${GOOD.length.toString(16)}\n${text}\n0\n\n`,
  ),
  'chunks without an end': raw(
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${GOOD.length.toString(16)}\r\n${text}`,
  ),
  'a length that is too large': raw(`HTTP/1.0 200 OK\r\nContent-Length: 999\r\n\r\n${text}`),
  'two lengths': http11(GOOD, `Content-Length: ${GOOD.length}\r\n`),
  'a space before the colon': raw(`HTTP/1.0 200 OK\r\nContent-Type : text/plain\r\n\r\n${text}`),
  'a line that is no field': raw(`HTTP/1.0 200 OK\r\nGarbage\r\n\r\n${text}`),
  'such a line, and gzip': Buffer.concat([
    raw('HTTP/1.0 200 OK\r\nGarbage\r\nContent-Encoding: gzip\r\n\r\n'),
    gzipSync(GOOD),
  ]),
  'such a line, and chunks': raw(
    `HTTP/1.1 200 OK\r\nGarbage\r\nTransfer-Encoding: chunked\r\n\r\n${GOOD.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  ),
  'a control character in a field': raw(
    `HTTP/1.1 200 OK\r\nX: caf\xe9\x01\r\nContent-Length: ${GOOD.length}\r\n\r\n${text}`,
  ),
  'no head at all': GOOD,
};

for (const [what, bytes] of Object.entries(READABLE))
  test(`an answer with ${what} is read`, async () => {
    const { peers } = await answering(bytes, asked);
    assert.deepEqual(peers, [{ host: '1.2.3.4', port: 80 }]);
  });

test('such answers are also read from two packets, wherever the first one ends', async () => {
  for (const [what, bytes] of Object.entries(READABLE)) {
    const body = bytes.indexOf('\n\r\n') + 3 || bytes.indexOf('\n\n') + 2 || 0;
    for (const at of new Set([1, 12, 20, body, body + 5, bytes.length - 3])) {
      const { peers } = await answering(bytes, asked, at).catch((error: unknown) => {
        throw new Error(`${what}, ${at}`, { cause: error });
      });
      assert.deepEqual(peers, [{ host: '1.2.3.4', port: 80 }], `${what}, ${at}`);
    }
  }
});

const UNREADABLE: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  'SSH speaks': [raw('SSH-2.0-OpenSSH_9.2\r\n\r\n'), /^its answer is not HTTP$/],
  'the rest is cut off': [
    raw(`HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n${text.slice(0, 9)}`),
    /not bencoded: a string longer than the data/,
  ],
  'gzip is broken': [
    http11(gzipSync(GOOD).subarray(0, 25), 'Content-Encoding: gzip\r\n'),
    /cannot be decompressed/,
  ],
  'a bomb is packed': [http11(gzipSync(Buffer.alloc(2 ** 21))), /longer than 1048576 bytes/],
};

for (const [what, [bytes, words]] of Object.entries(UNREADABLE))
  test(`where ${what}, the error says so without an internal code`, async () => {
    await assert.rejects(answering(bytes, asked), (error: Error) => {
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /HPE_|ERR_|ECONN/);
      return true;
    });
  });

test('only trackers are read like that', async () => {
  await answering(READABLE['bare LF'] as Buffer, (url) =>
    assert.rejects(http.get(url, { maxBytes: 1_000, signal }), /its answer is not HTTP/),
  );
});

const told = (bencoded: string, status = 200) => {
  try {
    readReply(raw(bencoded), status);
    return null;
  } catch (error) {
    const { message, retryMs, lasting } = error as {
      message: string;
      retryMs: number | null;
      lasting: boolean;
    };
    return [message, retryMs, lasting];
  }
};

test('refusals give the time of the next try (BEP 31), and statuses whether there is one', async () => {
  const refusal = (rest: string) => `d14:failure reason2:no${rest}e`;
  assert.deepEqual(told(refusal('8:retry ini2e')), ['refused: no', 120_000, false]);
  assert.deepEqual(told(refusal('8:retry in1:3')), ['refused: no', 180_000, false]);
  assert.deepEqual(told(refusal('8:retry in5:never')), ['refused: no', Number.POSITIVE_INFINITY, true]);
  assert.deepEqual(told(refusal('8:retry ini-1e')), ['refused: no', null, false]);
  assert.deepEqual(told(refusal('12:min intervali90e')), ['refused: no', 90_000, false]);
  assert.deepEqual(told(refusal(''), 404), ['refused: no', null, true]);
  for (const status of [500, 502, 503, 429, 408, 403])
    assert.equal(told('', status)?.[2], false, String(status));
  for (const status of [400, 401, 404, 410, 501]) assert.equal(told('', status)?.[2], true, String(status));
  const busy = (after: string) =>
    answering(raw(`HTTP/1.1 503 Busy\r\nRetry-After: ${after}\r\nContent-Length: 4\r\n\r\nbusy`), (url) =>
      asked(url).catch((error: { retryMs: number | null }) => error.retryMs),
    );
  assert.equal(await busy('7'), 7_000);
  const until = Number(await busy(new Date(Date.now() + 60_000).toUTCString()));
  assert.ok(until > 50_000 && until <= 60_000, String(until));
  assert.equal(await busy('soon'), null);
});

test('peers in forms of all kinds', () => {
  const peers = (list: string) => readReply(raw(`d5:peers${list}e`), 200).peers;
  assert.deepEqual(peers('l6:\x01\x02\x03\x04\x00\x50e'), [{ host: '1.2.3.4', port: 80 }]);
  assert.deepEqual(peers('ld2:ip7:1.2.3.44:port2:80ed2:ip5:[::2]4:porti9eee'), [
    { host: '1.2.3.4', port: 80 },
    { host: '::2', port: 9 },
  ]);
  assert.deepEqual(peers('ld2:ip7:1.2.3.44:port1:xed2:ip7:1.2.3.44:porti65536eee'), []);
});

test('a fragment never swallows the query, nor does a URL that ends with a question mark or ampersand', () => {
  for (const [url, begins] of [
    ['http://t/announce#frag', 'http://t/announce?info_hash='],
    ['http://t/announce?k=1#a?b', 'http://t/announce?k=1&info_hash='],
    ['http://t/announce?', 'http://t/announce?info_hash='],
    ['http://t/announce?k=1&', 'http://t/announce?k=1&info_hash='],
  ] as const)
    assert.ok(announceUrl(url, ANNOUNCE, null).startsWith(begins), url);
  assert.equal(scrapeUrl('http://t/x/announce.php?k=1#f'), 'http://t/x/scrape.php?k=1');
  assert.equal(scrapeUrl('http://t/announce#/announce'), 'http://t/scrape');
});

test('a scrape with bytes after it is also read', () => {
  const body = `d5:filesd20:${'h'.repeat(20)}d8:completei3e10:downloadedi4e10:incompletei5eeee\n`;
  assert.deepEqual(readScrape(raw(body), Buffer.alloc(20, 'h')), { seeders: 3, leechers: 5, completed: 4 });
});

test('a scrape that is refused says why, with every status; an empty reason beside figures is no refusal', async () => {
  const read = (body: string, status?: number) => readScrape(raw(body), Buffer.alloc(20, 'h'), status);
  const refusal = 'd14:failure reason15:invalid passkeye';
  for (const status of [200, 400, 403, 503])
    assert.throws(() => read(refusal, status), { name: 'TrackerError', message: 'refused: invalid passkey' });
  const answer = { status: 403, headers: {}, reach: 'public', body: raw(refusal) } as const;
  const http = { get: async () => answer };
  const [scraped] = await scrapeAll(['http://t/announce'], Buffer.alloc(20), http, null);
  assert.equal(scraped?.error, 'refused: invalid passkey');
  for (const body of ['<html>', 'de', 'i1e', 'd5:filesdee'])
    assert.throws(() => read(body, 503), { name: 'TrackerError', message: 'HTTP status 503' });
  assert.throws(() => read('d5:filesdee'), /it does not know the torrent/);
  const figures = `d5:filesd20:${'h'.repeat(20)}d8:completei3e10:incompletei5eee14:failure reason0:e`;
  assert.deepEqual(read(figures), { seeders: 3, leechers: 5, completed: 0 });
  assert.throws(() => read('d14:failure reason0:e'), /^TrackerError: refused: $/);
});
