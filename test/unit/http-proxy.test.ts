/** HTTP through an HTTP proxy: its requests, and the messages when it fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { test } from 'node:test';
import { HttpClient } from '../../src/main/network/http-client.ts';
import { httpServer } from '../support/http-server.ts';
import { freePort } from '../support/processes.ts';

const request = { maxBytes: 1_000, signal: new AbortController().signal };

async function portOf(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** A proxy that records its requests and performs those that `admits` allows. */
async function httpProxy(admits: (authorization: string | undefined) => number) {
  const asked: string[] = [];
  const heads: IncomingHttpHeaders[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', ({ url, headers }, near: Socket) => {
    asked.push(url ?? '');
    sockets.add(near.on('error', () => {}));
    const status = admits(headers['proxy-authorization']);
    if (status !== 200) return void near.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    // Every name leads to this machine.
    const far = connect(Number(url?.split(':').at(-1)), '127.0.0.1', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      near.pipe(far).pipe(near);
    });
    sockets.add(far.on('error', () => near.destroy()));
  });
  server.on('request', (near, answer) => {
    asked.push(near.url ?? '');
    heads.push(near.headers);
    const status = admits(near.headers['proxy-authorization']);
    if (status !== 200) return void answer.writeHead(status).end();
    const { port, pathname, search } = new URL(near.url ?? '');
    const far = httpRequest({ host: '127.0.0.1', port, path: pathname + search }, (reply) => {
      answer.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(answer);
    });
    far.on('error', () => answer.destroy()).end();
  });
  server.on('connection', () => {
    connections += 1;
  });
  const port = await portOf(server);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, asked, heads, connections: () => connections, close };
}

test('http: URLs are requested in absolute form (RFC 9112, 3.2.2), over one connection, and only the proxy gets the password', async () => {
  const server = await httpServer(() => ({ body: Buffer.from('ok') }));
  const proxy = await httpProxy(() => 200);
  const http = new HttpClient({ proxy: `http://127.0.0.1:${proxy.port}`, localAddress: null });
  const host = `tracker.invalid:${new URL(server.announce).port}`;
  try {
    for (let i = 0; i < 3; i++)
      assert.equal((await http.get(`http://${host}/a?b=${i}#c`, request)).body.toString(), 'ok');
    await http.get(`http://me:s%20cret@${host}/`, request);
    assert.deepEqual(proxy.asked, [0, 1, 2].map((i) => `http://${host}/a?b=${i}`).concat(`http://${host}/`));
    assert.equal(proxy.connections(), 1);
    assert.deepEqual(
      [proxy.heads[0]?.host, proxy.heads[0]?.authorization, proxy.heads[3]?.authorization],
      [host, undefined, `Basic ${Buffer.from('me:s cret').toString('base64')}`],
    );
  } finally {
    http.close();
    await proxy.close();
    await server.close();
  }
});

test('https: URLs go through a tunnel, by name', async () => {
  const proxy = await httpProxy(() => 502);
  const http = new HttpClient({ proxy: `http://127.0.0.1:${proxy.port}`, localAddress: null });
  try {
    await assert.rejects(http.get('https://tracker.invalid/', request), /the proxy refuses: HTTP status 502/);
    assert.deepEqual(proxy.asked, ['tracker.invalid:443']);
  } finally {
    http.close();
    await proxy.close();
  }
});

test('it gets user name and password; if it wants others, the error says so', async () => {
  const server = await httpServer(() => ({ body: Buffer.from('ok') }));
  const wanted = `Basic ${Buffer.from('anna:s3 cret').toString('base64')}`;
  const proxy = await httpProxy((authorization) => (authorization === wanted ? 200 : 407));
  const as = (user: string) =>
    new HttpClient({ proxy: `http://${user}@127.0.0.1:${proxy.port}`, localAddress: null });
  const [anna, mallory] = [as('anna:s3%20cret'), as('mallory:x')];
  try {
    assert.equal((await anna.get(server.announce, request)).status, 200);
    await assert.rejects(mallory.get(server.announce, request), /the proxy refuses: HTTP status 407/);
    assert.equal(server.urls.length, 1);
  } finally {
    anna.close();
    mallory.close();
    await proxy.close();
    await server.close();
  }
});

test('not a proxy, a silent one, and none at all', async () => {
  const plain = await httpServer(() => ({ status: 400, body: Buffer.from('what?') }));
  const over = new AbortController();
  let given: Promise<unknown> | undefined;
  const silent = createTcpServer((socket) => {
    given = once(socket.on('error', () => {}).resume(), 'close');
    over.abort();
  });
  const port = await portOf(silent);
  const gone = createTcpServer();
  const closed = await portOf(gone);
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  const behind = (at: string | number, signal = request.signal) => {
    const http = new HttpClient({ proxy: `http://127.0.0.1:${at}`, localAddress: null });
    return http.get('http://example.invalid/', { ...request, signal }).finally(() => http.close());
  };
  try {
    assert.equal((await behind(new URL(plain.announce).port)).status, 400);
    await assert.rejects(behind(closed), /no program listens there/);
    await assert.rejects(behind(port, over.signal), /no answer in time/);
    assert.ok(given !== undefined, 'the fault fired');
    // `behind` closes its client, and that gives the proxy up.
    await given;
  } finally {
    await new Promise<void>((resolve) => silent.close(() => resolve()));
    await plain.close();
  }
});

test('a proxy that is gone is named, and not the server', async () => {
  for (const scheme of ['socks5', 'http']) {
    const http = new HttpClient({ proxy: `${scheme}://127.0.0.1:${await freePort()}`, localAddress: null });
    try {
      for (const url of ['https://tracker.invalid/', 'http://tracker.invalid/'])
        await assert.rejects(
          http.get(url, request),
          /the proxy cannot be reached: no program listens there/,
          `${scheme} ${url}`,
        );
    } finally {
      http.close();
    }
  }
});
