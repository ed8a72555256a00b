/**
 * Which addresses may be believed from whom. Whoever is out on the internet has no business to name hosts of our own
 * network or machine: dialling those for him would make us his scanner. Nobody may name what is no host at all.
 */
import { BlockList, isIP } from 'node:net';
import type { HostPort } from './compact-peers.ts';

/** How far away an address is, the nearest last. */
const REACHES = ['public', 'private', 'loopback'] as const;
export type Reach = (typeof REACHES)[number];

/** Subnets of IPv4 and IPv6 by what they are (RFC 6890); everything else is public. */
const SUBNETS: Readonly<Record<'private' | 'loopback' | 'useless', readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  // With shared address space (RFC 6598), which is a network behind a carrier's NAT, and link-local.
  private: [
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '169.254.0.0/16',
    'fc00::/7',
    'fe80::/10',
  ],
  // Unspecified, protocol assignments, documentation, benchmarks, multicast, reserved, broadcast.
  useless: [
    '0.0.0.0/8',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    '::/128',
    '100::/64',
    '2001:db8::/32',
    'ff00::/8',
  ],
};

const LISTS = Object.fromEntries(
  Object.entries(SUBNETS).map(([name, subnets]) => [name, blockListOf(subnets)]),
) as Record<keyof typeof SUBNETS, BlockList>;

/** A list of subnets in CIDR form that Node can search. Throws where one is none. */
export function blockListOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits = ''] = subnet.split('/');
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Null for what is no address of a host. An IPv4 address in IPv6 clothes counts as what it is. */
export function reachOf(host: string): Reach | null {
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  if (family === 0) return null;
  const within = (name: keyof typeof SUBNETS) => LISTS[name].check(plain, family === 6 ? 'ipv6' : 'ipv4');
  if (within('useless')) return null;
  if (within('loopback')) return 'loopback';
  return within('private') ? 'private' : 'public';
}

/** True if somebody as far away as `who` may name an address as near as `what`. */
export function mayName(who: Reach, what: Reach): boolean {
  return REACHES.indexOf(what) <= REACHES.indexOf(who);
}

/** What of these may be dialled, named by somebody as far away as `who`. */
export function believable(peers: readonly HostPort[], who: Reach): HostPort[] {
  return peers.filter(({ host, port }) => {
    const reach = reachOf(host);
    return port > 0 && port < 65_536 && reach !== null && mayName(who, reach);
  });
}
