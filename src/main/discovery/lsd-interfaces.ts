/** The interfaces for local discovery: each active one, once for IPv4 and once for IPv6. */
import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { reachOf } from '../../shared/address-rules.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { MAX_LSD_INTERFACES } from '../../shared/limits.ts';

export interface LsdInterface {
  readonly family: 4 | 6;
  /** What multicast options need: the IPv4 address, or the name of the interface for IPv6. */
  readonly multicast: string;
  /** Stays the same while nothing about the interface changes. */
  readonly key: string;
}

/** `from`: the local address that the user chose; only its interface is used. */
export function lsdInterfaces(
  all: Readonly<Partial<Record<string, readonly NetworkInterfaceInfo[]>>>,
  from: string | null,
): LsdInterface[] {
  const found = Object.entries(all).flatMap(([name, addresses = []]) =>
    ([4, 6] as const).flatMap((family) => {
      // The loopback interface leads to no other machine. An address of another kind on it is a network of its own.
      const ours = addresses.filter(
        ({ address }) => isIP(address) === family && reachOf(address) !== 'loopback',
      );
      const chosen = ours.find(
        ({ address }) => from === null || canonicalHost(address) === canonicalHost(from),
      );
      if (chosen === undefined) return [];
      const multicast = family === 4 ? chosen.address : `::%${name}`;
      return [{ family, multicast, key: `${name} ${multicast}` }];
    }),
  );
  return found.slice(0, MAX_LSD_INTERFACES);
}
