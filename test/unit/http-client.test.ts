/** What the HTTP client refuses, and what it follows. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { after, test } from 'node:test';
import { HttpClient } from '../../src/main/network/http-client.ts';
import type { Reach } from '../../src/shared/address-rules.ts';
import { HttpVisitor } from '../../src/shared/http-visitor.ts';
import { httpServer } from '../support/http-server.ts';

const http = new HttpClient({ proxy: null, localAddress: null });
after(() => http.close());
const request = { maxBytes: 1_000, signal: new AbortController().signal };

test('every hop is checked by its address before it is visited', async () => {
  const server = await httpServer((n, url) =>
    n === 1
      ? { status: 302, location: url.replace('first', 'second'), body: Buffer.alloc(0) }
      : { body: Buffer.from('ok') },
  );
  const judged: [string, Reach][] = [];
  const judge = (url: URL, reach: Reach): string | null => {
    judged.push([url.pathname, reach]);
    return url.pathname.endsWith('second') ? 'not there' : null;
  };
  const first = server.announce.replace('127.0.0.1', 'localhost').replace('announce', 'first');
  try {
    await assert.rejects(http.get(first, { ...request, refuses: judge }), /not there/);
    assert.deepEqual(judged, [
      ['/first', 'loopback'],
      ['/second', 'loopback'],
    ]);
    assert.deepEqual(server.urls, ['/first'], 'the second was never asked');
    assert.equal((await http.get(first, request)).body.toString(), 'ok');
  } finally {
    await server.close();
  }
});

test('redirects to other protocols and invalid URLs, and invalid hosts', async () => {
  const server = await httpServer((_, url) => ({
    status: 301,
    location: url.includes('file') ? 'file:///etc/passwd' : 'http://[bad',
    body: Buffer.alloc(0),
  }));
  try {
    await assert.rejects(
      http.get(`${server.announce}?file`, request),
      /redirects to file:, which is not HTTP/,
    );
    await assert.rejects(http.get(server.announce, request), /redirects to an invalid URL/);
    await assert.rejects(http.get('http://0.0.0.0/', request), /0.0.0.0 is not an address of a host/);
    await assert.rejects(http.get('http://[ff02::1]/', request), /ff02::1 is not an address of a host/);
  } finally {
    await server.close();
  }
});

test('kept connections that the server closed are not failures, even if there are several', async () => {
  const sockets = new Set<Socket>();
  let resets = 0;
  const server = createServer((incoming, response) => {
    // The second request on one connection finds it closed, as when a server times out at that moment.
    if (sockets.has(incoming.socket)) {
      resets += 1;
      return void incoming.socket.resetAndDestroy();
    }
    sockets.add(incoming.socket);
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    const visit = async () => (await http.get(`http://127.0.0.1:${address.port}/`, request)).body.toString();
    assert.deepEqual(await Promise.all([visit(), visit(), visit()]), ['ok', 'ok', 'ok']);
    assert.equal(await visit(), 'ok');
    assert.deepEqual([sockets.size, resets], [4, 1], 'the fault fired');
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

test('an answer whose body falls silent is given up, with its reason', async () => {
  const server = createServer((_, response) => void response.writeHead(200).write('the beginning'));
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const url = `http://127.0.0.1:${address.port}/`;
  try {
    await assert.rejects(http.get(url, { ...request, silenceMs: 50 }), /it fell silent/);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(http.get(url, { ...request, signal }), /no answer in time/);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

for (const length of [10_000, 1_000_000])
  test(`a server is not silent while we do not read its body of ${length} bytes`, async () => {
    const body = Buffer.alloc(length, 7);
    const gate = new EventEmitter();
    const server = createServer(({ url }, response) => {
      response.writeHead(200);
      if (url === '/mute') return void response.write('the beginning');
      response.write(body);
      gate.once('held', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const url = `http://127.0.0.1:${address.port}`;
    const patient = { ...request, silenceMs: 400 };
    const visitor = new HttpVisitor({ proxy: null, localAddress: null }, 'unchoke 1.0');
    // As a download limit does.
    const slow = new Transform({
      highWaterMark: 1,
      transform: (part, _, done) => {
        if (gate.emit('held')) gate.once('open', () => done(null, part));
        else done(null, part);
      },
    });
    try {
      const held = once(gate, 'held');
      const visited = await visitor.visit(`${url}/`, patient);
      visited.body.on('error', (error) => slow.destroy(error));
      visited.body.pipe(slow);
      await held;
      // Each of these begins later and ends for its silence, so enough time passes.
      for (let i = 0; i < 2; i++) await assert.rejects(http.get(`${url}/mute`, patient), /it fell silent/);
      gate.emit('open');
      const parts: Buffer[] = [];
      for await (const part of slow) parts.push(part);
      assert.ok(Buffer.concat(parts).equals(body));
    } finally {
      visitor.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  });

test('--interface: connections leave from the address that the user named', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.socket.remoteAddress);
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const bound = new HttpClient({ proxy: null, localAddress: '127.0.0.5' });
  try {
    for (const host of ['127.0.0.1', 'localhost'])
      await bound.get(`http://${host}:${address.port}/`, request);
    assert.deepEqual(seen, ['127.0.0.5', '127.0.0.5']);
  } finally {
    bound.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

test('a SOCKS5 proxy that falls silent is given up with the request, and close does not wait for it', async () => {
  const over = new AbortController();
  let gone: Promise<unknown> | undefined;
  const silent = createTcpServer((socket) => {
    gone = once(socket.on('error', () => {}).resume(), 'close');
    over.abort();
  });
  await new Promise<void>((resolve) => silent.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = silent.address();
  assert.ok(address !== null && typeof address === 'object');
  const behind = new HttpClient({ proxy: `socks5://127.0.0.1:${address.port}`, localAddress: null });
  const { signal } = over;
  try {
    await assert.rejects(
      behind.get('http://example.invalid/', { maxBytes: 10, signal }),
      /no answer in time/,
    );
    behind.close();
    assert.ok(gone !== undefined, 'the fault fired');
    await gone;
  } finally {
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  }
});

test('behind a proxy, a name of this machine is still recognized', async () => {
  const behind = new HttpClient({ proxy: 'socks5://127.0.0.1:1', localAddress: null });
  const refuses = (_: URL, reach: Reach) => `at ${reach}`;
  for (const [url, reach] of [
    ['http://localhost/', 'loopback'],
    ['http://a.localhost./', 'loopback'],
    ['http://127.1/', 'loopback'],
    ['http://10.0.0.1/', 'private'],
    ['http://example.invalid/', 'public'],
  ] as const)
    await assert.rejects(behind.get(url, { ...request, refuses }), new RegExp(`at ${reach}`), url);
  behind.close();
});
