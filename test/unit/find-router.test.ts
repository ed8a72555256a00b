/** Which protocol a router speaks, and routers that are silent, refuse or talk nonsense. In virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRouter } from '../../src/main/network/nat/find-router.ts';
import { RouterError } from '../../src/main/network/nat/router.ts';
import { description, found, refusal, routerLab, service, upnp, WAN, wish } from '../support/router-lab.ts';
import { OURS, ROUTER } from '../support/virtual-router.ts';

test('a router that answers PCP is asked over PCP, with one packet', async () => {
  const { network, find } = routerLab();
  network.onPacket = (bytes, { onMessage }) => {
    const answer = Buffer.from(bytes);
    answer[1] = 0x80;
    onMessage(answer);
  };
  assert.equal((await find()).protocol, 'pcp');
  assert.deepEqual([network.packets.length, network.searches.length], [1, 0]);
});

test('PCP: the nonce of a port stays when the router is found again, and no two ports have one (RFC 6887, 11.3)', async () => {
  const nonces = new Map<string, string>();
  const { network, time, lasting } = routerLab();
  network.onPacket = (bytes, { onMessage }) => {
    const answer = Buffer.from(bytes);
    answer[1] = 0x80 | (bytes[1] ?? 0);
    if (bytes[1] === 1) {
      const key = bytes.subarray(36, 42).toString('hex');
      const nonce = bytes.subarray(24, 36).toString('hex');
      // A strict router: who does not know the nonce is not authorized.
      if ((nonces.get(key) ?? nonce) !== nonce) answer[3] = 2;
      else nonces.set(key, nonce);
    }
    onMessage(answer);
  };
  const wishes = [wish, { ...wish, transport: 'udp' }, { ...wish, port: 6_882 }] as const;
  for (let round = 0; round < 2; round++) {
    const search = findRouter(network, ROUTER, OURS, lasting);
    await time.run(100);
    const router = await search;
    for (const one of wishes) assert.equal((await router.map(one, lasting)).externalPort, 6_881);
  }
  assert.equal(new Set(nonces.values()).size, wishes.length);
  const other = await findRouter(network, '192.168.88.1', OURS, lasting);
  await assert.rejects(
    other.map(wish, lasting),
    refusal(/it does not allow this/),
    'another router, another nonce',
  );
});

test('a router of NAT-PMP says so, or drops what it does not know', async () => {
  for (const says of [true, false]) {
    const { network, find } = routerLab();
    network.onPacket = ([version], { onMessage }) => {
      if (version === 0) onMessage(Buffer.from('00800000000000015db8d822', 'hex'));
      else if (says) onMessage(Buffer.from('0080000100000001', 'hex'));
    };
    assert.equal((await find()).protocol, 'nat-pmp');
    assert.deepEqual(
      network.packets.map(({ ms, bytes }) => [ms, bytes[0]]),
      says
        ? [
            [0, 2],
            [0, 0],
          ]
        : [
            [0, 2],
            [250, 2],
            [750, 2],
            [1_750, 0],
          ],
    );
  }
});

/** Refuses its probe with this result. */
const refusing =
  (pcp: number, natPmp: number) =>
  (bytes: Buffer, { onMessage }: { onMessage: (packet: Buffer) => void }): void => {
    const answer = bytes[0] === 2 ? Buffer.from(bytes) : Buffer.from('0080000000000001', 'hex');
    answer[1] = 0x80;
    answer[3] = bytes[0] === 2 ? pcp : natPmp;
    onMessage(answer);
  };

test('a router that refuses PCP or NAT-PMP is asked over the next protocol', async () => {
  for (const [pcp, natPmp, protocol] of [
    [1, 0, 'nat-pmp'],
    [2, 3, 'nat-pmp'],
    [2, 2, 'upnp'],
    [1, 2, 'upnp'],
    // It does not know the probe, but perhaps the request that matters.
    [4, 2, 'pcp'],
  ] as const) {
    const { network, find } = upnp(description(service(WAN, '/a')), {});
    network.onPacket = (bytes, hears) =>
      natPmp === 0 && bytes[0] === 0
        ? hears.onMessage(Buffer.from('00800000000000015db8d822', 'hex'))
        : refusing(pcp, natPmp)(bytes, hears);
    assert.equal((await find()).protocol, protocol, `${pcp} ${natPmp}`);
  }
});

test('if no protocol is left, the refusal is the reason', async () => {
  for (const [pcp, natPmp, message] of [
    [2, 2, /^the router 192\.168\.77\.1 does not help: over PCP, it does not allow this$/],
    [1, 2, /: over PCP, it does not speak this version$/],
  ] as const) {
    const { network, find } = routerLab();
    network.onPacket = refusing(pcp, natPmp);
    await assert.rejects(find(), refusal(message));
  }
  const { network, find } = upnp('', {});
  network.onPacket = refusing(2, 2);
  await assert.rejects(find(), refusal(/does not help: over UPnP, it has no service that opens ports$/));
});

test('nonsense is not an answer', async () => {
  const { network, find } = routerLab();
  network.onPacket = (_, { onMessage }) => {
    for (const noise of ['', '00', '02', 'ff'.repeat(1_000), '00810000'])
      onMessage(Buffer.from(noise, 'hex'));
  };
  network.onSearch = (_, answer) => {
    for (const noise of ['', 'HTTP/1.1 200 OK', 'x'.repeat(60_000), found(''), found('http://[')])
      answer(noise);
  };
  await assert.rejects(find(), refusal(/^the router 192\.168\.77\.1 speaks none of PCP, NAT-PMP and UPnP/));
  assert.equal(network.packets.length, 6);
  assert.equal(network.searches.length, 6);
});

test('if no program has the port, UPnP is tried at once', async () => {
  const { network, find } = routerLab();
  network.onPacket = (_, { onError }) => onError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
  await assert.rejects(find(), refusal(/none of/));
  assert.equal(network.packets.length, 1);
  assert.equal(network.searches[0]?.ms, 0);
});

test('an end during each step leaves nothing open', async () => {
  for (const ms of [0, 100, 1_000, 2_000, 3_600, 5_000]) {
    const { time, network, ending } = routerLab();
    network.onSearch = (_, answer) => {
      if (ms === 5_000) answer(found(`http://${ROUTER}/x`));
    };
    network.onRequest = (_, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new RouterError('aborted'))));
    const search = findRouter(network, ROUTER, OURS, ending.signal);
    search.catch(() => {});
    await time.run(ms);
    ending.abort();
    await time.run(100);
    assert.deepEqual([network.open, time.timers], [0, 0], `after ${ms} ms`);
    await assert.rejects(search, RouterError);
  }
});
