/**
 * What a stranger's tracker URL may make us ask of our own machine and network: a tracker, and nothing else. The rule is exact,
 * because whatever else listens there may obey any path and any query.
 */
import type { Reach } from '../../shared/address-rules.ts';

/** Alone, or behind one element that can be nothing but a passkey. */
const PATHS = {
  announce: /^\/(?:[0-9A-Za-z]{16,64}\/)?announce(?:\.php)?$/,
  scrape: /^\/(?:[0-9A-Za-z]{16,64}\/)?scrape(?:\.php)?$/,
} as const;

/** Why a tracker so near is not asked; null where it may be. Path as `URL` has it, without `..` and the like. */
export function trackerRefusal(what: keyof typeof PATHS, pathname: string, reach: Reach): string | null {
  if (reach === 'public' || PATHS[what].test(pathname)) return null;
  const where = reach === 'loopback' ? 'on this machine' : 'on the local network';
  return `the path of a tracker ${where} must end in /${what}`;
}
