/**
 * The tracker URL of a stranger may lead to our own machine or network. There we send requests only to paths of trackers. The
 * rule is strict, because other services there may obey any path and query.
 */
import type { Reach } from '../../shared/address-rules.ts';

/** The path alone, or after one element that can only be a passkey. */
const PATHS = {
  announce: /^\/(?:[0-9A-Za-z]{16,64}\/)?announce(?:\.php)?$/,
  scrape: /^\/(?:[0-9A-Za-z]{16,64}\/)?scrape(?:\.php)?$/,
} as const;

/** Why a tracker this near is not asked; null if it may be asked. The path comes from `URL`, so it has no `..`. */
export function trackerRefusal(what: keyof typeof PATHS, pathname: string, reach: Reach): string | null {
  if (reach === 'public' || PATHS[what].test(pathname)) return null;
  const where = reach === 'loopback' ? 'on this machine' : 'on the local network';
  return `the path of a tracker ${where} must be /${what}, or /KEY/${what} with a key of 16 to 64 letters and digits`;
}
