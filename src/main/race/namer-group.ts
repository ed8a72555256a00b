/** Groups the sources of addresses: no group may fill the list of addresses, or use all dials, at the cost of others. */
import { reachOf } from '../../shared/address-rules.ts';
import { addressBytes } from '../../shared/ip-address.ts';
import { NAMER_GROUPS } from '../../shared/limits.ts';
import { shardOf } from './sharding.ts';

/** `host`: of the peer or node that named the address; null if the source itself did. */
export function namerGroup(source: string, host: string | null): number {
  return shardOf(`${source} ${host === null ? '' : (networkOf(host) ?? host)}`, 0, NAMER_GROUPS);
}

/** The first 24 bits of IPv4, the first 64 of IPv6. Null for addresses of our own networks. */
export function networkOf(host: string): string | null {
  if (reachOf(host) !== 'public') return null;
  if (!host.includes(':')) return host.slice(0, host.lastIndexOf('.'));
  return (addressBytes(host) ?? []).slice(0, 8).join('.');
}
