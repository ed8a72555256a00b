/** What the HTTP client refuses, and what it follows. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { HttpClient } from '../../src/main/http-client.ts';
import type { Reach } from '../../src/shared/address-rules.ts';
import { httpServer } from '../support/http-server.ts';

const http = new HttpClient({ proxy: null, localAddress: null });
after(() => http.close());
const request = { maxBytes: 1_000, signal: new AbortController().signal };

test('every hop is judged before it is visited, by where its name leads', async () => {
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

test('redirects to other protocols and to no URL at all, and hosts that are none', async () => {
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
    await assert.rejects(http.get(server.announce, request), /redirects to what is no URL/);
    await assert.rejects(http.get('http://0.0.0.0/', request), /0.0.0.0 is no address of a host/);
    await assert.rejects(http.get('http://[ff02::1]/', request), /ff02::1 is no address of a host/);
  } finally {
    await server.close();
  }
});
