/** An address as people write it. */
import { isIP } from 'node:net';
import type { HostPort } from '../../shared/compact-peers.ts';

/** `1.2.3.4:6881`, `[2001:db8::1]:6881`, `host.example:6881`; null for anything else. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const isPort = port > 0 && port < 65_536;
  if (host === undefined || !isPort || (match?.[1] !== undefined && isIP(host) !== 6)) return null;
  return { host, port };
}
