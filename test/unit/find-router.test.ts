/** Which protocol a router speaks, and routers that are silent, talk nonsense, or want us to visit others. In virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRouter } from '../../src/main/network/nat/find-router.ts';
import { type Router, RouterError } from '../../src/main/network/nat/router.ts';
import { locationIn } from '../../src/main/network/nat/upnp-search.ts';
import { servicesIn } from '../../src/main/network/nat/upnp-service.ts';
import { xmlParts } from '../../src/main/network/nat/upnp-xml.ts';
import { MAX_NAT_XML_BYTES } from '../../src/shared/limits.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';
import { OURS, ROUTER, VirtualRouter } from '../support/virtual-router.ts';

const GATEWAY = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
const WAN = 'urn:schemas-upnp-org:service:WANIPConnection:1';
const PPP = 'urn:schemas-upnp-org:service:WANPPPConnection:1';

const found = (location: string, st = GATEWAY): string =>
  `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: ${st}\r\nLocation: ${location}\r\n\r\n`;
const service = (type: string, control: string): string =>
  `<service><serviceType>${type}</serviceType><serviceId>x</serviceId><controlURL>${control}</controlURL></service>`;
const description = (...services: string[]): string =>
  `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList>${services.join('')}</serviceList></device></root>`;
const soap = (content: string): string =>
  `<s:Envelope xmlns:s="x"><s:Body><u:${content}</s:Body></s:Envelope>`;
const said = (action: string, fields = ''): { status: number; text: string } => ({
  status: 200,
  text: soap(`${action}Response xmlns:u="${WAN}">${fields}</u:${action}Response>`),
});
const failed = (code: number): { status: number; text: string } => ({
  status: 500,
  text: `<s:Fault><detail><UPnPError><errorCode>${code}</errorCode></UPnPError></detail></s:Fault>`,
});
const refusal = (message: RegExp) => (error: unknown) =>
  error instanceof RouterError && message.test(error.message);

function lab() {
  const time = new VirtualEnvironment();
  const network = new VirtualRouter(time);
  const ending = new AbortController();
  /** The result, and what is open after it. */
  const find = async (): Promise<Router> => {
    const search = findRouter(network, ROUTER, OURS, ending.signal);
    search.catch(() => {});
    await time.run(20_000, 50);
    assert.deepEqual([network.open, time.timers], [0, 0], 'nothing is open, no timer is set');
    return search;
  };
  const lasting = new AbortController().signal;
  return { time, network, ending, find, lasting };
}

/** With a description and answers to its actions. */
function upnp(
  xml: string,
  answers: Readonly<Record<string, (body: string) => { status: number; text: string }>>,
) {
  const one = lab();
  one.network.onSearch = (_, answer) => answer(found(`http://${ROUTER}:5000/desc.xml`));
  one.network.onRequest = async ({ method, headers, body = '' }) => {
    if (method === 'GET') return { status: 200, text: xml };
    const [, action = ''] = /#(\w+)"$/.exec(headers?.['soapaction'] ?? '') ?? [];
    return answers[action]?.(body) ?? failed(401);
  };
  return one;
}

const wish = { transport: 'tcp', port: 6_881, externalPort: 6_881, lifetimeMs: 3_600_000 } as const;

test('a router that answers PCP is asked over PCP, with one packet', async () => {
  const { network, find } = lab();
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
  const { network, time, lasting } = lab();
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
    const { network, find } = lab();
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

test('nonsense is not an answer', async () => {
  const { network, find } = lab();
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
  const { network, find } = lab();
  network.onPacket = (_, { onError }) => onError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
  await assert.rejects(find(), refusal(/none of/));
  assert.equal(network.packets.length, 1);
  assert.equal(network.searches[0]?.ms, 0);
});

test('an end during each step leaves nothing open', async () => {
  for (const ms of [0, 100, 1_000, 2_000, 3_600, 5_000]) {
    const { time, network, ending } = lab();
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

test('UPnP: the service that is connected opens, renews and closes the port', async () => {
  const bodies: string[] = [];
  const { network, find, lasting } = upnp(description(service(WAN, '/a'), service(PPP, '/b')), {
    GetExternalIPAddress: () =>
      said(
        'GetExternalIPAddress',
        `<NewExternalIPAddress>${network.requests.at(-1)?.url.pathname === '/b' ? '93.184.216.34' : '0.0.0.0'}</NewExternalIPAddress>`,
      ),
    AddPortMapping: (body) => {
      bodies.push(body);
      return said('AddPortMapping');
    },
    DeletePortMapping: (body) => {
      bodies.push(body);
      return said('DeletePortMapping');
    },
  });
  const router = await find();
  assert.equal(router.protocol, 'upnp');
  assert.deepEqual(await router.map(wish, lasting), { externalPort: 6_881, lifetimeMs: 3_600_000 });
  assert.equal(await router.externalAddress(lasting), '93.184.216.34');
  await router.unmap(wish, lasting);
  assert.equal(network.requests.at(-1)?.url.href, `http://${ROUTER}:5000/b`);
  assert.match(bodies[0] ?? '', /<NewInternalClient>192\.168\.77\.2<.*<NewLeaseDuration>3600</);
  assert.match(bodies[1] ?? '', /<NewExternalPort>6881<.*<NewProtocol>TCP</);
});

test('UPnP: ports that others have are passed over; no port is taken for ever', async () => {
  for (const [codes, tries, message] of [
    [[718, 718], 3, null],
    [[718, 729, 718, 718], 3, /^another program has this port$/],
    [[725], 1, /^it opens ports only without an end/],
    [[606], 1, /^it does not allow this$/],
    [[999], 1, /^it answers with error 999$/],
  ] as const) {
    const left: number[] = [...codes];
    const ports: string[] = [];
    const { find, lasting } = upnp(description(service(WAN, '/a')), {
      AddPortMapping: (body) => {
        ports.push(/<NewExternalPort>(\d+)</.exec(body)?.[1] ?? '');
        const code = left.shift();
        return code === undefined ? said('AddPortMapping') : failed(code);
      },
    });
    const mapped = (await find()).map(wish, lasting);
    if (message === null) assert.equal(`${(await mapped).externalPort}`, ports.at(-1));
    else await assert.rejects(mapped, refusal(message));
    assert.equal(ports.length, tries);
    assert.equal(new Set(ports).size, tries, 'another port each time');
  }
});

test('UPnP: answers without sense are errors, whatever they are', async () => {
  for (const answer of [
    { status: 200, text: '' },
    { status: 200, text: '<html><body>login</body></html>' },
    { status: 200, text: '<'.repeat(100_000) },
    { status: 302, text: '' },
    { status: 500, text: '<errorCode>x</errorCode>' },
  ]) {
    const { find, lasting } = upnp(description(service(WAN, '/a')), { AddPortMapping: () => answer });
    await assert.rejects((await find()).map(wish, lasting), RouterError);
  }
  for (const xml of ['', '<root>', '{}', description(), description(service(WAN, 'http://192.168.77.9/a'))])
    await assert.rejects(upnp(xml, {}).find(), refusal(/it has no service that opens ports/));
});

test('UPnP: only the router is heard, and only URLs at the router count', () => {
  const at = (text: string, sender = ROUTER) => locationIn(Buffer.from(text), sender, ROUTER)?.href ?? null;
  assert.equal(at(found(`http://${ROUTER}:5000/x`)), `http://${ROUTER}:5000/x`);
  assert.equal(at(found('/x')), `http://${ROUTER}/x`);
  assert.equal(at(found(`http://${ROUTER}:5000/x`), '192.168.77.9'), null);
  assert.equal(at(found(`http://${ROUTER}:5000/x`, 'upnp:rootdevice')), null);
  for (const url of [
    'http://192.168.77.9/x',
    'http://127.0.0.1:80/x',
    'http://router.example/x',
    `https://${ROUTER}/x`,
    `http://u:p@${ROUTER}/x`,
    'file:///etc/passwd',
    `http://${ROUTER}.example/x`,
    `http://${ROUTER}@192.168.77.9/x`,
    `http://${ROUTER}/${'x'.repeat(5_000)}`,
  ])
    assert.equal(at(found(url)), null, url);
  const location = new URL(`http://${ROUTER}:5000/x/desc.xml`);
  const controls = (xml: string) => servicesIn(xml, location).map(({ control }) => control.href);
  assert.deepEqual(controls(description(service(WAN, 'c'))), [`http://${ROUTER}:5000/x/c`]);
  assert.deepEqual(controls(`<URLBase>http://${ROUTER}:1/</URLBase>${service(WAN, 'c')}`), [
    `http://${ROUTER}:1/c`,
  ]);
  assert.deepEqual(controls(`<URLBase>http://192.168.77.9/</URLBase>${service(WAN, '/c')}`), [
    `http://${ROUTER}:5000/c`,
  ]);
  assert.deepEqual(controls(service(WAN, 'http://192.168.77.9/c')), []);
  assert.deepEqual(controls(service('urn:x"><evil/>', '/c')), []);
});

test('UPnP: XML of the largest size is read in no time', () => {
  const begun = performance.now();
  for (const part of ['<', '<a', '<service>', '</', '<a:', '&amp;', '<a b="c', '<!--', '> '])
    xmlParts(part.repeat(MAX_NAT_XML_BYTES / part.length));
  assert.ok(performance.now() - begun < 2_000, `${performance.now() - begun} ms`);
});
