/** Connections to UDP trackers (BEP 15) in virtual time: shared by all torrents, valid for a minute, opened again when needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrackerError } from '../../src/main/discovery/announce.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { scrapeAll } from '../../src/main/discovery/scrape.ts';
import { UdpConnections } from '../../src/main/discovery/udp-connections.ts';
import { udpAnnounce } from '../../src/main/discovery/udp-tracker.ts';
import { MAX_IDLE_UDP_CONNECTIONS, UDP_CONNECTION_MS } from '../../src/shared/limits.ts';
import { ANNOUNCE, HTTP_VISIT, overUdp } from '../support/announcing.ts';
import { type Packet, VirtualEnvironment } from '../support/virtual-environment.ts';

const CONNECT = 0;
const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
};

/** A tracker that knows the connection ids that it gave out since its start. It records requests as "second: connect 1". */
function trackerWorld() {
  const environment = new VirtualEnvironment();
  const connections = new UdpConnections(environment, null);
  const heard: string[] = [];
  const tracker = { id: 1, onUnknownId: 'refuse' as 'refuse' | 'silent', isUp: true };
  environment.onPacket = ({ ms, bytes, answer }: Packet) => {
    const [action, transaction] = [bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
    const id = action === CONNECT ? tracker.id : bytes.readUInt32BE(4);
    heard.push(`${ms / 1_000}: ${action === CONNECT ? 'connect' : 'announce'} ${id}`);
    if (!tracker.isUp) return;
    if (action === CONNECT) return answer(words(0, transaction, 0, tracker.id));
    if (id === tracker.id) return answer(words(1, transaction, 900, 0, 0));
    if (tracker.onUnknownId === 'refuse')
      answer(Buffer.concat([words(3, transaction), Buffer.from('unknown connection')]));
  };
  const announce = (signal = new AbortController().signal, port = 80) =>
    udpAnnounce(`udp://8.8.8.8:${port}`, ANNOUNCE, { signal, connections });
  return { environment, connections, heard, tracker, announce };
}

test('torrents that announce together share a socket and a connection id, for a minute', async () => {
  const { environment, connections, heard, announce } = trackerWorld();
  const first = Promise.all([announce(), announce(), announce()]);
  await environment.run(1_000);
  await first;
  assert.deepEqual(
    heard.map((one) => one.replace(/^.*: /, '')),
    ['connect 1', 'announce 1', 'announce 1', 'announce 1'],
  );
  await environment.run(UDP_CONNECTION_MS - 1_500);
  const later = announce();
  await environment.run(100);
  await later;
  assert.equal(heard.at(-1)?.endsWith('announce 1'), true);
  assert.deepEqual([heard.length, environment.socketsOpened, environment.sockets], [5, 1, 1]);
  await environment.run(1_000);
  assert.deepEqual(
    [connections.size, environment.sockets, environment.timers],
    [0, 0, 0],
    'the minute is over',
  );
  const anew = announce();
  await environment.run(100);
  await anew;
  assert.deepEqual([heard.at(-2)?.endsWith('connect 1'), environment.socketsOpened], [true, 2]);
  connections.close();
  assert.deepEqual([connections.size, environment.sockets, environment.timers], [0, 0, 0]);
});

for (const onUnknownId of ['refuse', 'silent'] as const)
  test(`a restarted tracker does not know the old id (${onUnknownId})`, async () => {
    const { environment, connections, heard, tracker, announce } = trackerWorld();
    const first = announce();
    await environment.run(100);
    await first;
    Object.assign(tracker, { id: 2, onUnknownId });
    heard.length = 0;
    const both = Promise.all([announce(), announce()]);
    await environment.run(4_000);
    await both;
    assert.deepEqual(
      heard.map((one) => one.replace(/^.*: /, '')),
      ['announce 1', 'announce 1', 'connect 2', 'announce 2', 'announce 2'],
    );
    connections.close();
  });

test('a silent tracker is asked four times in 45 s, for all torrents at once', async () => {
  const { environment, heard, connections, tracker, announce } = trackerWorld();
  tracker.isUp = false;
  const all = Promise.allSettled([announce(), announce(), announce()]);
  await environment.run(46_000);
  for (const one of await all) assert.match(String(one.status === 'rejected' && one.reason), /no answer/);
  assert.deepEqual(heard, ['0: connect 1', '3: connect 1', '9: connect 1', '21: connect 1']);
  assert.deepEqual([connections.size, environment.sockets, environment.timers], [0, 0, 0]);
});

test('after a failure the next announce uses a new socket, because our own address may have changed', async () => {
  const { environment, connections, tracker, announce } = trackerWorld();
  const first = announce();
  await environment.run(100);
  await first;
  tracker.isUp = false;
  const failing = announce();
  failing.catch(() => {});
  await environment.run(100_000);
  await assert.rejects(failing, /no answer/);
  assert.deepEqual([connections.size, environment.sockets], [0, 0]);
  tracker.isUp = true;
  const last = announce();
  await environment.run(100);
  await last;
  assert.equal(environment.socketsOpened, 2);
  connections.close();
});

test('an announce that is given up does not end the connection of the others', async () => {
  const { environment, connections, tracker, announce } = trackerWorld();
  tracker.isUp = false;
  const over = new AbortController();
  const given = announce(over.signal);
  const stays = announce();
  await environment.run(1_000);
  over.abort();
  await assert.rejects(given, /no answer in time/);
  tracker.isUp = true;
  await environment.run(3_000);
  assert.equal((await stays).intervalMs, 900_000);
  connections.close();
});

test('idle sockets are few, however many trackers there are', async () => {
  const { environment, connections, announce } = trackerWorld();
  const all = Promise.all(Array.from({ length: 100 }, (_, i) => announce(undefined, 1_000 + i)));
  await environment.run(1_000);
  await all;
  assert.deepEqual(
    [connections.size, environment.sockets],
    [MAX_IDLE_UDP_CONNECTIONS, MAX_IDLE_UDP_CONNECTIONS],
  );
  connections.close();
  assert.deepEqual([environment.sockets, environment.timers], [0, 0]);
});

test('port 0, which Node does not take, is a failure of that tracker and of nothing else', async () => {
  const announceAt = 'udp://127.0.0.1:0/announce';
  for (const url of [announceAt, 'udp://[::1]:0', 'udp://127.0.0.1:0000'])
    await assert.rejects(
      overUdp((route) => udpAnnounce(url, ANNOUNCE, route)),
      (error: unknown) => error instanceof TrackerError && error.lasting && /has port 0/.test(error.message),
    );
  const http = { get: () => Promise.reject(new Error('not over HTTP')) };
  const [scraped] = await scrapeAll([announceAt], ANNOUNCE.infoHash, http, { from: null });
  assert.match(scraped?.error ?? '', /has port 0/);
});

test('what a real socket refuses at once is a failure of the tracker, and the socket is closed', async () => {
  const question = { action: 1, make: () => Buffer.alloc(0), least: 0, read: () => null };
  for (const [from, address] of [
    [null, '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    [null, '::1'],
  ] as const) {
    const connections = new UdpConnections(REAL_ENVIRONMENT, from);
    const asked = connections.ask({ address, port: 0 }, question, { ...HTTP_VISIT, firstWaitMs: 5 });
    await assert.rejects(asked, TrackerError);
    assert.equal(connections.size, 0);
  }
});
