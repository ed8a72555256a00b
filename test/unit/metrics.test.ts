/** The metrics port: a silent client blocks others only for a short time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Metrics } from '../../src/main/cli/output/metrics.ts';
import { MAX_METRICS_CONNECTIONS, METRICS_REQUEST_MS } from '../../src/shared/limits.ts';
import { GlobalTimers } from '../support/global-timers.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();

async function answer(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8').write(request);
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (part: string) => {
    text += part;
  });
  await once(socket, 'close');
  return text;
}

test('connections are limited in number and time', async () => {
  const timers = new GlobalTimers();
  const metrics = new Metrics(null, assert.fail);
  const port = await metrics.listen(0);
  const request = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const silent: Socket[] = [];
  for (let i = 0; i < MAX_METRICS_CONNECTIONS; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    silent.push(socket);
  }
  const closed = Promise.all(silent.map((socket) => once(socket, 'close')));
  try {
    assert.equal(await answer(port, request), '', 'one too many');
    timers.tick(METRICS_REQUEST_MS);
    await closed;
    assert.match(await answer(port, request), /^HTTP\/1.1 200 /);
    assert.match(
      await answer(port, `GET /metrics HTTP/1.1\r\nx: ${'y'.repeat(5_000)}\r\n\r\n`),
      /^HTTP\/1.1 431 /,
    );
  } finally {
    timers.restore();
    metrics.close();
  }
});
