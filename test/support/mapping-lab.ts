/** Our port in a fake router, in virtual time. */
import assert from 'node:assert/strict';
import { type MappingNews, PortMapping } from '../../src/main/network/nat/port-mapping.ts';
import type { Router } from '../../src/main/network/nat/router.ts';
import { NAT_REMOVE_MS } from '../../src/shared/limits.ts';
import { FakeRouter, ROUTER_ADDRESS } from './fake-router.ts';
import { VirtualEnvironment } from './virtual-environment.ts';

export const PORT = 6_881;
const MINUTE_MS = 60_000;

/** A mapping of a router that a test controls, in virtual time. */
export function mappingLab({ udp = true } = {}) {
  const time = new VirtualEnvironment();
  const router = new FakeRouter();
  const found = { searches: 0, find: async (_signal: AbortSignal): Promise<Router> => router };
  const findRouter = (signal: AbortSignal): Promise<Router> => {
    found.searches += 1;
    return found.find(signal);
  };
  const mapping = new PortMapping({ now: time.now, later: time.later, findRouter }, { udp });
  const news: MappingNews[] = [];
  mapping.subscribe((one) => news.push(one));
  /** Resolves to the time that the end took. */
  const close = async (): Promise<number> => {
    const from = time.now();
    let ms = Number.POSITIVE_INFINITY;
    const closed = mapping.close().then(() => {
      ms = time.now() - from;
    });
    await time.run(2 * NAT_REMOVE_MS);
    await closed;
    assert.equal(time.timers, 0, 'no timer is left');
    return ms;
  };
  const minutes = (count: number): Promise<void> => time.run(count * MINUTE_MS, 1_000);
  return { time, router, found, mapping, news, close, minutes };
}

/** The news that the port is open. */
export const open = (more: Partial<Extract<MappingNews, { kind: 'open' }>> = {}): MappingNews => ({
  kind: 'open',
  port: PORT,
  externalPort: PORT,
  address: ROUTER_ADDRESS,
  protocol: 'nat-pmp',
  transports: ['tcp', 'udp'],
  ...more,
});
