/** The service of a router that opens ports (UPnP IGD): found in its description, and asked by SOAP. */
import { MAX_URL_CHARS } from '../../../shared/limits.ts';
import { printable } from '../../text/foreign-text.ts';
import { RouterError } from './router.ts';
import type { RouterNetwork } from './router-network.ts';
import { escaped, type XmlPart, xmlParts, xmlText } from './upnp-xml.ts';

const TYPES = /^urn:schemas-upnp-org:service:(?:WANIPConnection:[12]|WANPPPConnection:1)$/;

/** The error codes of WANIPConnection, in words. */
const ERRORS: Readonly<Record<number, string>> = {
  401: 'it does not know this request',
  402: 'it calls the request malformed',
  501: 'it failed',
  606: 'it does not allow this',
  718: 'another program has this port',
  724: 'it opens only equal ports',
  725: 'it opens ports only without an end, and unchoke asks for none that would stay open',
  728: 'it has no room for another port',
  729: 'another rule of the router has this port',
};

export interface UpnpService {
  readonly type: string;
  readonly control: URL;
}

export class SoapError extends RouterError {
  override readonly name = 'SoapError';
  readonly code: number;

  constructor(code: number) {
    super(ERRORS[code] ?? `it answers with error ${code}`);
    this.code = code;
  }
}

/** A URL at the same host as `base`; null if it is not one. A router must not make us visit others. */
export function urlAtRouter(text: string, base: URL): URL | null {
  if (text === '' || text.length > MAX_URL_CHARS || !URL.canParse(text, base.href)) return null;
  const url = new URL(text, base);
  const isPlain = url.protocol === 'http:' && url.username === '' && url.password === '';
  return isPlain && url.hostname === base.hostname ? url : null;
}

/** The services in a description that is at `location`. */
export function servicesIn(xml: string, location: URL): UpnpService[] {
  const parts = xmlParts(xml);
  const base = urlAtRouter(xmlText(parts, 'URLBase') ?? '', location) ?? location;
  return groupsOf(parts).flatMap((group) => {
    const type = xmlText(group, 'serviceType') ?? '';
    const control = urlAtRouter(xmlText(group, 'controlURL') ?? '', base);
    return TYPES.test(type) && control !== null ? [{ type, control }] : [];
  });
}

function groupsOf(parts: readonly XmlPart[]): XmlPart[][] {
  const groups: XmlPart[][] = [];
  let group: XmlPart[] | null = null;
  for (const part of parts) {
    if (part.name === '/service') group = null;
    group?.push(part);
    if (part.name !== 'service') continue;
    group = [];
    groups.push(group);
  }
  return groups;
}

/** The fields of the answer. Rejects with SoapError if the router refuses. */
export async function callService(
  network: Pick<RouterNetwork, 'request'>,
  { type, control }: UpnpService,
  action: string,
  given: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<readonly XmlPart[]> {
  const fields = Object.entries(given).map(([name, value]) => `<${name}>${escaped(String(value))}</${name}>`);
  const body = [
    '<?xml version="1.0"?>',
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"',
    ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>',
    `<u:${action} xmlns:u="${type}">${fields.join('')}</u:${action}>`,
    '</s:Body></s:Envelope>',
  ].join('');
  const headers = { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${type}#${action}"` };
  const { status, text } = await network.request({ url: control, method: 'POST', headers, body }, signal);
  const parts = xmlParts(text);
  const code = Number(xmlText(parts, 'errorCode') ?? Number.NaN);
  if (Number.isSafeInteger(code)) throw new SoapError(code);
  if (status !== 200) throw new RouterError(`it answers with HTTP status ${status}`);
  if (xmlText(parts, `${action}Response`) === null)
    throw new RouterError(`its answer to ${printable(action)} makes no sense`);
  return parts;
}
