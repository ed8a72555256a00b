/** An announce for tests of trackers, and how to send it. */
import type { AnnounceRequest } from '../../src/main/discovery/announce.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import { UdpConnections } from '../../src/main/discovery/udp-connections.ts';

export const ANNOUNCE = {
  infoHash: Buffer.alloc(20, 1),
  peerId: Buffer.alloc(20, 2),
  port: 1,
  uploaded: 0,
  downloaded: 0,
  left: 1,
  event: 'started',
  numwant: 1,
  key: 1,
} as const satisfies AnnounceRequest;

/** A signal that never aborts, and the real calendar. */
export const HTTP_VISIT = {
  signal: new AbortController().signal,
  calendar: REAL_ENVIRONMENT.calendar,
};

/** Lets an announcer reach trackers over real sockets, as the only one of its session. */
export function aloneInSession() {
  return {
    shared: new SharedDiscovery({ dht: null, udp: { from: null } }),
    need: () => 'peers' as const,
  };
}

/** Does the work with real UDP sockets, which are closed afterwards. */
export async function overUdp<Result>(
  work: (route: { readonly signal: AbortSignal; readonly connections: UdpConnections }) => Promise<Result>,
): Promise<Result> {
  const connections = new UdpConnections(REAL_ENVIRONMENT, null);
  try {
    return await work({ signal: HTTP_VISIT.signal, connections });
  } finally {
    connections.close();
  }
}
