/**
 * Which addresses a source may give us. A public peer or tracker may not give us private or loopback addresses: if we dialled
 * them, it could scan our network through us. Addresses that cannot belong to a host are never accepted.
 */
import { BlockList } from 'node:net';
import type { HostPort } from './compact-peers.ts';
import { addressBytes, canonicalHost, ipv4Number, isSix } from './ip-address.ts';

/** How far away an address is, the nearest last. */
const REACHES = ['public', 'private', 'loopback'] as const;
export type Reach = (typeof REACHES)[number];

/** `useless`: not an address of a host (unspecified, documentation, benchmarks, multicast, reserved, broadcast). */
type Kind = Exclude<Reach, 'public'> | 'useless';

/** Subnets by kind (RFC 6890); all others are public. Shared address space (RFC 6598) is a carrier's network. */
const SUBNETS_4: readonly (readonly [string, Kind])[] = [
  ['127.0.0.0/8', 'loopback'],
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'private'],
  ['169.254.0.0/16', 'private'],
  ['0.0.0.0/8', 'useless'],
  ['192.0.0.0/24', 'useless'],
  ['192.0.2.0/24', 'useless'],
  ['198.18.0.0/15', 'useless'],
  ['198.51.100.0/24', 'useless'],
  ['203.0.113.0/24', 'useless'],
  ['224.0.0.0/3', 'useless'],
];

/**
 * IPv4-compatible and IPv4-translated addresses, Teredo and 6to4 are obsolete or never addresses of a host (RFC 4291, 7915,
 * 4380, 7526), and would lead to the IPv4 address inside them. 2001::/23 holds protocols such as Teredo and no networks (RFC
 * 2928). Local NAT64 (RFC 8215) leads wherever the local network decides.
 */
const SUBNETS_6: readonly (readonly [string, Kind])[] = [
  ['::1/128', 'loopback'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'private'],
  ['fec0::/10', 'private'],
  ['64:ff9b:1::/48', 'private'],
  ['::/96', 'useless'],
  ['::ffff:0:0:0/96', 'useless'],
  ['100::/64', 'useless'],
  ['2001::/23', 'useless'],
  ['2001:db8::/32', 'useless'],
  ['2002::/16', 'useless'],
  ['3fff::/20', 'useless'],
  ['ff00::/8', 'useless'],
];

/** NAT64 (RFC 6052): an IPv4 address in the last 32 bits, as networks without IPv4 see it. */
const NAT64 = blockListOf('64:ff9b::/96');

const RANGES_4 = SUBNETS_4.map(([subnet, kind]) => {
  const [network = '', bits] = subnet.split('/');
  const first = ipv4Number(network) ?? 0;
  return { first, end: first + 2 ** (32 - Number(bits)), kind };
});
const LISTS_6 = SUBNETS_6.map(([subnet, kind]) => ({ list: blockListOf(subnet), kind }));

function blockListOf(subnet: string): BlockList {
  const list = new BlockList();
  const [network = '', bits] = subnet.split('/');
  list.addSubnet(network, Number(bits), 'ipv6');
  return list;
}

/** Null if it is not an address of a host. An IPv4 address in IPv6 form counts as IPv4. */
export function reachOf(host: string): Reach | null {
  const plain = canonicalHost(host);
  const four = ipv4Number(plain);
  if (four !== null) return reachOf4(four);
  if (!isSix(plain)) return null;
  if (NAT64.check(plain, 'ipv6')) {
    const wrapped = addressBytes(plain)?.slice(12).join('.') ?? '';
    return reachOf(wrapped);
  }
  return reachOfKind(LISTS_6.find(({ list }) => list.check(plain, 'ipv6'))?.kind);
}

function reachOf4(address: number): Reach | null {
  return reachOfKind(RANGES_4.find(({ first, end }) => address >= first && address < end)?.kind);
}

function reachOfKind(kind: Kind | undefined): Reach | null {
  if (kind === undefined) return 'public';
  return kind === 'useless' ? null : kind;
}

/** True if a peer or server with the reach `who` may give us an address with the reach `what`. */
export function mayName(who: Reach, what: Reach): boolean {
  return REACHES.indexOf(what) <= REACHES.indexOf(who);
}

/** The peers that may be dialled, if a peer or server with the reach `who` gave us their addresses. */
export function believable<Peer extends HostPort>(peers: readonly Peer[], who: Reach): Peer[] {
  return peers.filter(({ host, port }) => {
    const reach = reachOf(host);
    return port > 0 && port < 65_536 && reach !== null && mayName(who, reach);
  });
}
