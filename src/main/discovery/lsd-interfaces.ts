/** Where local discovery speaks: each interface that is up, once for IPv4 and once for IPv6. */
import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { reachOf } from '../../shared/address-rules.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { MAX_LSD_INTERFACES } from '../../shared/limits.ts';

export interface LsdInterface {
  readonly family: 4 | 6;
  /** As multicast options want it: an address of IPv4, the name of the interface for IPv6. */
  readonly multicast: string;
  /** The same as long as nothing about it has changed. */
  readonly key: string;
}

/** `from`: the address of our own that the user chose; its interface alone is spoken on. */
export function lsdInterfaces(
  all: Readonly<Partial<Record<string, readonly NetworkInterfaceInfo[]>>>,
  from: string | null,
): LsdInterface[] {
  const found = Object.entries(all).flatMap(([name, addresses = []]) =>
    ([4, 6] as const).flatMap((family) => {
      // Behind the loopback interface there is nobody; an address of another kind on it is a network of its own.
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
