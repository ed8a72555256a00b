/** What a router did for us, in one line. */
import { reachOf } from '../../../shared/address-rules.ts';
import type { PortMappedEvent } from '../../session/port-events.ts';

const NAMES: Readonly<Record<PortMappedEvent['protocol'], string>> = {
  pcp: 'PCP',
  'nat-pmp': 'NAT-PMP',
  upnp: 'UPnP',
};

export function mappedText({ port, externalPort, address, protocol, transports }: PortMappedEvent): string {
  const only = transports.includes('udp') ? '' : ' (TCP only)';
  const open = `port ${port} is open in the router by ${NAMES[protocol]}${only}`;
  if (address === null) return `${open}: peers reach us at its port ${externalPort}`;
  const at = `${address}:${externalPort}`;
  const reach = reachOf(address);
  return reach === 'private' || reach === 'loopback'
    ? `${open}, but ${at} is not on the internet: another router is between it and the peers`
    : `${open}: peers reach us at ${at}`;
}
