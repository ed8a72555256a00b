/** Checks the settings that a program gives. No compiler may have seen them, so bad values are refused before a thread starts. */
import { totalmem } from 'node:os';
import { MAX_HASHERS, MAX_MEMORY_BYTES, MAX_SHARDS } from '../../shared/limits.ts';
import { ENCRYPTIONS, STRATEGIES } from '../../shared/messages.ts';
import type { ClusterSettings } from '../cluster/cluster-settings.ts';
import { isTrackerUrl } from '../discovery/tracker-url.ts';
import { Failure } from '../failure.ts';
import { isOwnAddress, isProxyUrl } from '../network/route.ts';
import { readBlocklist } from '../race/blocklist.ts';
import {
  DEFAULT_SESSION,
  DEFAULT_TORRENT,
  natObstacle,
  type SessionSettings,
  type TorrentSettings,
} from './settings.ts';

/** All settings as a program gives them. */
export type OpenSettings = Omit<SessionSettings, 'blocklist'> &
  TorrentSettings & {
    /** The file of addresses that are never dialled or accepted: P2P text, ipfilter.dat or CIDR. */
    readonly blocklist: string | null;
  };

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isSwitch: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isTime: Check = (value) => typeof value === 'number' && value >= 0 && Number.isFinite(value);

const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    words.includes(String(value));
const within =
  (least: number, most: number): Check =>
  (value) =>
    isCount(value) && Number(value) >= least && Number(value) <= most;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const isPeer: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  'host' in value &&
  'port' in value &&
  isText(value.host) &&
  within(1, 65_535)(value.port);

const isGoals: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { ratio = null, time = null } = value as { readonly ratio?: unknown; readonly time?: unknown };
  return [ratio, time].every((goal) => goal === null || (typeof goal === 'number' && goal >= 0));
};

const isCluster: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, nodes, secret, size, wait, timeout } = value as Readonly<
    Record<keyof ClusterSettings, unknown>
  >;
  const isNamed = isText(name) && listOf(isPeer)(nodes) && orNull(isText)(secret);
  return isNamed && isCount(size) && isSwitch(wait) && isTime(timeout);
};

/** For each setting: what it must be, in words, and the check. */
const CHECKS: Readonly<Record<keyof OpenSettings, readonly [what: string, check: Check]>> = {
  shards: [`a whole number from 1 to ${MAX_SHARDS}`, within(1, MAX_SHARDS)],
  hashers: [`a whole number from 1 to ${MAX_HASHERS}`, within(1, MAX_HASHERS)],
  memory: [
    'a number of bytes, no more than this machine has, or null',
    orNull(within(1, Math.min(MAX_MEMORY_BYTES, totalmem()))),
  ],
  halfOpen: ['a whole number or null', orNull(isCount)],
  dialRate: ['a whole number or null', orNull(isCount)],
  maxPeers: ['a whole number', isCount],
  uploadLimit: ['a number of bytes per second; 0 is no limit', isCount],
  downloadLimit: ['a number of bytes per second; 0 is no limit', isCount],
  encryption: [`one of ${ENCRYPTIONS.join(', ')}`, oneOf(ENCRYPTIONS)],
  utp: ['true or false', isSwitch],
  pex: ['true or false', isSwitch],
  lsd: ['true or false', isSwitch],
  dht: ['true or false', isSwitch],
  dhtBootstrap: ['a list of { host, port }', listOf(isPeer)],
  trackers: ['true or false', isSwitch],
  announceAll: ['true or false', isSwitch],
  webseeds: ['true or false', isSwitch],
  proxy: [
    'socks5://HOST:PORT, http://HOST:PORT or null',
    orNull((value) => isText(value) && isProxyUrl(String(value))),
  ],
  interface: [
    'an address of this machine or null',
    orNull((value) => isText(value) && isOwnAddress(String(value))),
  ],
  blocklist: ['a path or null', orNull(isText)],
  port: ['a port, 0 or null', orNull(within(0, 65_535))],
  nat: ['true, false or null', orNull(isSwitch)],
  journalKey: ['a path or null', orNull(isText)],
  output: ['a path', isText],
  select: ['a list of names, globs and indices', listOf(isText)],
  sequential: ['true or false', isSwitch],
  overwrite: ['true or false', isSwitch],
  part: ['true or false', isSwitch],
  preallocate: ['none or full', oneOf(['none', 'full'])],
  reuse: ['a list of paths', listOf(isText)],
  strategy: [`one of ${STRATEGIES.join(', ')}`, oneOf(STRATEGIES)],
  keep: ['a whole number or null', orNull(isCount)],
  peers: ['a list of { host, port }', listOf(isPeer)],
  tracker: [
    'a list of URLs with http, https or udp',
    listOf((value) => isText(value) && isTrackerUrl(String(value))),
  ],
  firstUnchokeTimeout: ['a number of milliseconds', isTime],
  idleTimeout: ['a number of milliseconds', isTime],
  cluster: [
    '{ name, nodes, secret, size, wait, timeout } or null: a text, a list of { host, port }, a text or null, a whole number, true or false, and a number of milliseconds',
    orNull(isCluster),
  ],
  sha256: [
    '64 hex digits in lower case, or null',
    orNull((value) => isText(value) && /^[\da-f]{64}$/.test(String(value))),
  ],
  seed: ['{ ratio, time }, each a number or null, or null', orNull(isGoals)],
  saveTorrent: ['a path or null', orNull(isText)],
};

/** Adds the defaults. `undefined` is not given; if several `given` have a value, the last one counts. Throws a `usage` failure that names the setting. */
export function checkedSettings(
  ...given: readonly Readonly<Partial<OpenSettings>>[]
): SessionSettings & TorrentSettings {
  const present = given.flatMap((one) => Object.entries(one)).filter(([, value]) => value !== undefined);
  for (const [name, value] of present) {
    if (!isName(name)) throw new Failure('usage', `${name}: there is no such setting`);
    const [what, isRight] = CHECKS[name];
    if (!isRight(value)) throw new Failure('usage', `${name}: this must be ${what}`);
  }
  const { blocklist = null, ...checked }: Partial<OpenSettings> = Object.fromEntries(present);
  const settings = {
    ...DEFAULT_SESSION,
    ...DEFAULT_TORRENT,
    ...checked,
    blocklist: blocklist === null ? null : readBlocklist(blocklist, 'blocklist'),
  };
  if (settings.cluster !== null && settings.proxy !== null)
    throw new Failure('usage', 'cluster: this does not work with a proxy: nothing bypasses it');
  if (settings.sha256 !== null && settings.cluster === null)
    throw new Failure('usage', 'sha256: this works only with a cluster and the URL of a file');
  const obstacle = settings.nat === true ? natObstacle(settings) : null;
  if (obstacle !== null) throw new Failure('usage', `nat: this does not work ${obstacle}`);
  return settings;
}

function isName(name: string): name is keyof OpenSettings {
  return Object.hasOwn(CHECKS, name);
}
