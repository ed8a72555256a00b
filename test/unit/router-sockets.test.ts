/** The real sockets to a router, on loopback: which answers they believe, which addresses they follow, and that they close. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { askRouter } from '../../src/main/network/nat/ask-router.ts';
import { RouterDeaf, RouterError } from '../../src/main/network/nat/router.ts';
import { systemNetwork } from '../../src/main/network/nat/system-network.ts';
import { MAX_NAT_XML_BYTES } from '../../src/shared/limits.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();

const refusal = (message: RegExp) => (error: unknown) =>
  error instanceof RouterError && message.test(error.message);

test('no redirect is followed, a long answer is cut off, a silent router is given up', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/redirect') response.writeHead(302, { location: '/elsewhere' }).end();
    if (request.url === '/long') response.end('x'.repeat(2 * MAX_NAT_XML_BYTES));
    if (request.url === '/good') response.end('good');
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  const { port } = server.address() as AddressInfo;
  const network = systemNetwork('127.0.0.1');
  const ending = new AbortController();
  const get = (path: string) =>
    network.request({ url: new URL(`http://127.0.0.1:${port}${path}`), method: 'GET' }, ending.signal);
  assert.deepEqual(await get('/good'), { status: 200, text: 'good' });
  assert.equal((await get('/redirect')).status, 302);
  await assert.rejects(get('/long'), refusal(/^its answer is too long$/));
  const silence = get('/silence');
  setImmediate(() => ending.abort());
  await assert.rejects(silence, refusal(/^it does not answer in time$/));
  assert.ok(!asked.includes('/elsewhere'));
  await new Promise((resolve) => server.close(resolve));
});

test('over UDP only the router is heard, and nothing stays open', async () => {
  const router = await boundSocket();
  const stranger = await boundSocket();
  const { port } = router.address();
  const network = systemNetwork('127.0.0.1', port);
  router.on('message', (_, from) =>
    // The stranger is first.
    stranger.send('stranger', from.port, from.address, () => router.send('router', from.port, from.address)),
  );
  const heard: string[] = [];
  const read = (packet: Buffer): string => {
    heard.push(`${packet}`);
    return `${packet}`;
  };
  const ask = () =>
    askRouter(network, { bytes: (from) => Buffer.from(from), read }, new AbortController().signal);
  assert.equal(await ask(), 'router');
  assert.deepEqual(heard, ['router']);
  for (const socket of [router, stranger]) await new Promise<void>((resolve) => socket.close(resolve));
  // Its port is closed now.
  await assert.rejects(ask(), RouterDeaf);
});

test('a search from an address that is not ours fails, and nothing stays open', async () => {
  const hears = { onMessage: () => {}, onError: () => {} };
  await assert.rejects(systemNetwork('127.0.0.1').openSearch('192.0.2.1', hears), /EADDRNOTAVAIL/);
});

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}
