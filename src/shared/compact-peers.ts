/** Compact peer lists: 6 bytes per peer for IPv4 (BEP 23), 18 for IPv6 (BEP 7). */
import { addressBytes } from './ip-address.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around IPv6. */
export function addressKey(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A peer that another peer named. */
export interface ToldPeer extends HostPort {
  /** It takes part in holepunching (BEP 55). */
  readonly punchable: boolean;
}

/**
 * An address from any source. `version2`: it was named in the swarm of version 2 (BEP 52). `eager`: whenever it is lost it is dialled
 * again soon.
 */
export type NamedPeer = HostPort &
  Partial<ToldPeer> & { readonly version2?: boolean; readonly eager?: boolean };

/** IPv4 peers of a compact list. An incomplete peer at the end and peers with port 0 are dropped. */
export function compactIpv4(bytes: Uint8Array): HostPort[] {
  const peers: HostPort[] = [];
  for (let at = 0; at + 6 <= bytes.length; at += 6) {
    const host = bytes.subarray(at, at + 4).join('.');
    push(peers, host, bytes, at + 4);
  }
  return peers;
}

/**
 * IPv6 peers of a compact list, in the form of RFC 4291 without abbreviation. An incomplete peer at the end and peers with
 * port 0 are dropped.
 */
export function compactIpv6(bytes: Uint8Array): HostPort[] {
  const peers: HostPort[] = [];
  for (let at = 0; at + 18 <= bytes.length; at += 18) {
    const groups: string[] = [];
    for (let i = at; i < at + 16; i += 2)
      groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
    push(peers, groups.join(':'), bytes, at + 16);
  }
  return peers;
}

function push(peers: HostPort[], host: string, bytes: Uint8Array, at: number): void {
  const port = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (port !== 0) peers.push({ host, port });
}

/** Peers in compact form, IPv4 and IPv6 separately; names are left out. */
export function compacted(peers: readonly HostPort[]): { readonly v4: Buffer; readonly v6: Buffer } {
  const v4: number[] = [];
  const v6: number[] = [];
  for (const { host, port } of peers) {
    const bytes = addressBytes(host);
    if (bytes === null) continue;
    (bytes.length === 4 ? v4 : v6).push(...bytes, port >>> 8, port & 0xff);
  }
  return { v4: Buffer.from(v4), v6: Buffer.from(v6) };
}
