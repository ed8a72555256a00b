/** An HTTP server on loopback; the test decides every answer. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';

/** An HTTP server for one test; `answer` gets the number of the request. */
export async function httpServer(
  answer: (n: number, url: string) => { status?: number; location?: string; body: Buffer },
  host = '127.0.0.1',
) {
  const urls: string[] = [];
  const server = createServer((incoming, response) => {
    urls.push(incoming.url ?? '');
    const { status = 200, location, body } = answer(urls.length, incoming.url ?? '');
    response.writeHead(status, location === undefined ? {} : { location });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    urls,
    announce: `http://127.0.0.1:${address.port}/announce`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
