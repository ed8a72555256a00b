/** A UDP socket must not send from another port. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { UtpSocket } from '../../src/workers/transport/utp/utp-socket.ts';

test('a socket whose port is taken sends nothing; another one sends from its given address', async () => {
  const taken = createSocket('udp4').bind(0, '127.0.0.2');
  const listener = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(taken, 'listening'), once(listener, 'listening')]);
  const heard: string[] = [];
  listener.on('message', (bytes, { address }) => heard.push(`${address} ${String(bytes)}`));
  const broken = new UtpSocket(4, taken.address().port, '127.0.0.2', false, () => {});
  const good = new UtpSocket(4, 0, '127.0.0.3', false, () => {});
  const { port } = listener.address();
  broken.send(Buffer.from('early'), port, '127.0.0.1');
  good.send(Buffer.from('early'), port, '127.0.0.1');
  await once(listener, 'message');
  broken.send(Buffer.from('late'), port, '127.0.0.1');
  good.send(Buffer.from('late'), port, '127.0.0.1');
  await once(listener, 'message');
  assert.deepEqual(heard, ['127.0.0.3 early', '127.0.0.3 late']);
  for (const socket of [broken, good]) socket.close();
  taken.close();
  listener.close();
});
