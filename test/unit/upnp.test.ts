/** UPnP: routers that open the port, refuse it, talk nonsense, or want us to visit others. In virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterError } from '../../src/main/network/nat/router.ts';
import { locationIn } from '../../src/main/network/nat/upnp-search.ts';
import { servicesIn } from '../../src/main/network/nat/upnp-service.ts';
import { xmlParts } from '../../src/main/network/nat/upnp-xml.ts';
import { MAX_NAT_XML_BYTES } from '../../src/shared/limits.ts';
import {
  description,
  failed,
  found,
  PPP,
  refusal,
  said,
  service,
  upnp,
  WAN,
  wish,
} from '../support/router-lab.ts';
import { ROUTER } from '../support/virtual-router.ts';

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
