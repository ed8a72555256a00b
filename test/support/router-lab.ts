/** A router to find, in virtual time, and what it says over UPnP. */
import assert from 'node:assert/strict';
import { findRouter } from '../../src/main/network/nat/find-router.ts';
import { type Router, RouterError } from '../../src/main/network/nat/router.ts';
import { VirtualEnvironment } from './virtual-environment.ts';
import { OURS, ROUTER, VirtualRouter } from './virtual-router.ts';

export const GATEWAY = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
export const WAN = 'urn:schemas-upnp-org:service:WANIPConnection:1';
export const PPP = 'urn:schemas-upnp-org:service:WANPPPConnection:1';

export const found = (location: string, st = GATEWAY): string =>
  `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: ${st}\r\nLocation: ${location}\r\n\r\n`;
export const service = (type: string, control: string): string =>
  `<service><serviceType>${type}</serviceType><serviceId>x</serviceId><controlURL>${control}</controlURL></service>`;
export const description = (...services: string[]): string =>
  `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList>${services.join('')}</serviceList></device></root>`;
export const soap = (content: string): string =>
  `<s:Envelope xmlns:s="x"><s:Body><u:${content}</s:Body></s:Envelope>`;
export const said = (action: string, fields = ''): { status: number; text: string } => ({
  status: 200,
  text: soap(`${action}Response xmlns:u="${WAN}">${fields}</u:${action}Response>`),
});
export const failed = (code: number): { status: number; text: string } => ({
  status: 500,
  text: `<s:Fault><detail><UPnPError><errorCode>${code}</errorCode></UPnPError></detail></s:Fault>`,
});
export const refusal = (message: RegExp) => (error: unknown) =>
  error instanceof RouterError && message.test(error.message);

export function routerLab() {
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
export function upnp(
  xml: string,
  answers: Readonly<Record<string, (body: string) => { status: number; text: string }>>,
) {
  const one = routerLab();
  one.network.onSearch = (_, answer) => answer(found(`http://${ROUTER}:5000/desc.xml`));
  one.network.onRequest = async ({ method, headers, body = '' }) => {
    if (method === 'GET') return { status: 200, text: xml };
    const [, action = ''] = /#(\w+)"$/.exec(headers?.['soapaction'] ?? '') ?? [];
    return answers[action]?.(body) ?? failed(401);
  };
  return one;
}

export const wish = { transport: 'tcp', port: 6_881, externalPort: 6_881, lifetimeMs: 3_600_000 } as const;
