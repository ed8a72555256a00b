/**
 * How many dials may be under way, and how many are made a second, where the user does not say: a home router keeps a small table
 * of connections, and a server has none. A public IPv4 address of our own means that no router translates for us.
 */
import { reachOf } from '../../shared/address-rules.ts';
import {
  DEFAULT_DIAL_RATE_PER_S,
  DEFAULT_HALF_OPEN_PEERS,
  SERVER_DIAL_RATE_PER_S,
  SERVER_HALF_OPEN_PEERS,
} from '../../shared/limits.ts';
import type { SessionSettings } from './settings.ts';

export interface DialLimits {
  /** Connections that may be opening at one time; 0 is no limit. */
  readonly halfOpen: number;
  readonly dialRatePerS: number;
  /** This machine has a public address: no router translates for it. */
  readonly isServer: boolean;
  /** Why, for people. */
  readonly reason: string;
}

type Place = Pick<SessionSettings, 'halfOpen' | 'dialRate' | 'interface' | 'proxy'>;

/** `own`: the addresses of this machine; null if they are unknown. */
export function dialLimits(place: Place, own: readonly string[] | null): DialLimits {
  const { halfOpen, dialRate, proxy } = place;
  const usable = place.interface === null ? (own ?? []) : [place.interface];
  const ours = usable.find((address) => address.includes('.') && reachOf(address) === 'public');
  const isServer = proxy === null && ours !== undefined;
  const limits = {
    halfOpen: halfOpen ?? (isServer ? SERVER_HALF_OPEN_PEERS : DEFAULT_HALF_OPEN_PEERS),
    dialRatePerS: dialRate ?? (isServer ? SERVER_DIAL_RATE_PER_S : DEFAULT_DIAL_RATE_PER_S),
    isServer,
  };
  if (halfOpen !== null && dialRate !== null) return { ...limits, reason: 'as you chose' };
  if (proxy !== null) return { ...limits, reason: 'through a proxy' };
  return {
    ...limits,
    reason: isServer
      ? `${ours} is a public address`
      : 'no public IPv4 address here, so a router may be between',
  };
}

/** `dials: up to 500 at one time and 500 a second (…)`. */
export function dialLimitsText({ halfOpen, dialRatePerS, reason }: DialLimits): string {
  const most = (limit: number): string => (limit === 0 ? 'any number' : `up to ${limit}`);
  return `dials: ${most(halfOpen)} at one time and ${most(dialRatePerS)} a second (${reason})`;
}
