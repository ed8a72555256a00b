/** Parsing and printing IP addresses, fast enough to compare thousands of them. */
import { isIPv6 } from 'node:net';

const DOT = 46;
const ZERO = 48;

/** `1.2.3.4` as an integer; null for anything else. Our own parser, because Node's takes several times as long. */
export function ipv4Number(text: string): number | null {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || ++octets > 4) return null;
      value = value * 256 + octet;
      octet = -1;
      continue;
    }
    const digit = code - ZERO;
    // Some parsers read a leading zero as octal.
    if (digit < 0 || digit > 9 || octet === 0) return null;
    octet = (octet < 0 ? 0 : octet * 10) + digit;
    if (octet > 255) return null;
  }
  return octets === 4 ? value : null;
}

/** Like Node's `isIPv6`, whose first call compiles a regular expression for 5 to 10 ms: it is called only if there is a colon. */
export function isSix(host: string): boolean {
  return host.includes(':') && isIPv6(host);
}

/** One form for each address: IPv6 abbreviated as in RFC 5952, IPv4 in IPv6 form as IPv4. Names stay unchanged. */
export function canonicalHost(host: string): string {
  if (!host.includes(':') || !URL.canParse(`http://[${host}]/`)) return host;
  const plain = new URL(`http://[${host}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain);
  if (mapped === null) return plain;
  const bytes = [mapped[1], mapped[2]].flatMap((group) => bytesOfGroup(group as string));
  return bytes.join('.');
}

/** In network order; null if it is not an address. */
export function addressBytes(host: string): number[] | null {
  const four = ipv4Number(host);
  if (four !== null) return [four >>> 24, (four >>> 16) & 0xff, (four >>> 8) & 0xff, four & 0xff];
  if (!isSix(host) || host.includes('.')) return null;
  const [head = '', tail] = host.replace(/%.*$/, '').split('::');
  const bytes = (text: string) => (text === '' ? [] : text.split(':').flatMap(bytesOfGroup));
  const first = bytes(head);
  const last = tail === undefined ? [] : bytes(tail);
  return [...first, ...new Array<number>(16 - first.length - last.length).fill(0), ...last];
}

/** The network of an address: its first bytes, by family. Text that is not an address is its own group. */
export function networkOf(host: string, bytesOfFour: number, bytesOfSix: number): string {
  const bytes = addressBytes(canonicalHost(host));
  if (bytes === null) return host;
  return bytes.slice(0, bytes.length === 4 ? bytesOfFour : bytesOfSix).join('.');
}

function bytesOfGroup(group: string): number[] {
  const value = Number.parseInt(group, 16);
  return [value >>> 8, value & 0xff];
}
