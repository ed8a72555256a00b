/**
 * The settings of a run. Texts from the command line, the environment and the config file become typed values, once, at the start.
 * A bad value throws a usage failure that names the option. It is thrown before a thread starts or a file is written.
 */
import { totalmem } from 'node:os';
import {
  MAX_HASHERS,
  MAX_MEMORY_BYTES,
  MAX_PARALLEL_DOWNLOADS,
  MAX_SHARDS,
  MIN_LOOK_MS,
} from '../../shared/limits.ts';
import { isTrackerUrl, TRACKER_FORM } from '../discovery/tracker-url.ts';
import { BadOption, Failure } from '../failure.ts';
import { readableFolder } from '../files/folder-option.ts';
import { appendedFile, outputFile, outputFileIfMissing, outputFolder } from '../files/output-option.ts';
import { programFile } from '../files/program-option.ts';
import { isOwnAddress, isProxyUrl } from '../network/route.ts';
import { readBlocklist } from '../race/blocklist.ts';
import {
  DEFAULT_SESSION,
  DEFAULT_TORRENT,
  natObstacle,
  type SeedGoals,
  type SessionSettings,
  type TorrentSettings,
} from '../session/settings.ts';
import { typedUrl } from '../text/foreign-text.ts';
import { parseCount, parseDuration, parsePort, parseRate, parseRatio, parseSize } from '../text/units.ts';
import { clusterPort, clusterSettings, sha256Of } from './cluster-settings-from-flags.ts';
import type { BenchFlags } from './commands/bench.ts';
import type { DoctorFlags } from './commands/doctor.ts';
import type { GetFlags } from './commands/get-flags.ts';
import type { InspectFlags } from './commands/inspect.ts';
import type { RaceFlags } from './commands/options.ts';
import type { RaceCommandFlags, RaceEnd } from './commands/race.ts';
import { namedPeer, readPeersFile } from './named-peers.ts';
import type { ConsoleOptions, Verbosity } from './output/console.ts';
import type { ColourChoice } from './output/paint.ts';

/** For every command that races. */
export interface RunSettings {
  readonly session: SessionSettings;
  readonly torrent: TorrentSettings;
  readonly console: ConsoleOptions;
  /** The file for the web page about the race. */
  readonly report: string | null;
}

export interface GetSettings extends RunSettings {
  /** How many sources are downloaded at one time. */
  readonly parallel: number;
  readonly onComplete: string | null;
  /** Show the plan and download nothing. */
  readonly dryRun: boolean;
  /** Ask which files are wanted. */
  readonly choose: boolean;
  readonly metrics: string | null;
  readonly metricsPort: number | null;
}

export interface RaceSettings extends RunSettings {
  readonly until: RaceEnd;
}

export interface BenchSettings extends RunSettings {
  /** How long to measure, from the first block. */
  readonly durationMs: number;
}

export interface DoctorSettings extends RunSettings {
  /** How long to look. */
  readonly lookMs: number;
}

export interface InspectSettings extends RunSettings {
  readonly scrape: boolean;
  /** Give up when no peer has sent the metadata; 0 waits for ever. */
  readonly timeoutMs: number;
}

export function getSettings(flags: GetFlags): GetSettings {
  if (flags.choose === true && flags.select.length > 0)
    throw new Failure('usage', '--choose and --select: choose one');
  const { session, torrent, ...run } = runSettings(flags);
  return {
    ...run,
    session: {
      ...session,
      ...pieceSettings(flags),
      port: portOf(flags),
      uploadLimit: parseRate('--upload-limit', flags.uploadLimit),
      downloadLimit: parseRate('--download-limit', flags.downloadLimit),
      nat: natOf(flags, session),
      journalKey: given('--journal-key', flags.journalKey, outputFileIfMissing),
    },
    torrent: {
      ...torrent,
      output: outputFolder('--output', flags.output),
      select: flags.select,
      sequential: flags.sequential === true,
      overwrite: flags.overwrite === true,
      part: flags.part === true,
      preallocate: flags.preallocate,
      reuse: flags.reuse.map((folder) => readableFolder('--reuse', folder)),
      keep: flags.keep === undefined ? null : parseCount('--keep', flags.keep),
      firstUnchokeTimeout: parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout),
      idleTimeout: parseDuration('--idle-timeout', flags.idleTimeout),
      saveTorrent: given('--save-torrent', flags.saveTorrent, outputFile),
      seed: seedGoals(flags),
      cluster: clusterSettings(flags, process.env),
      sha256: sha256Of(flags),
    },
    parallel: parseCount('--parallel', flags.parallel, 1, MAX_PARALLEL_DOWNLOADS),
    onComplete: given('--on-complete', flags.onComplete, programFile),
    dryRun: flags.dryRun === true,
    choose: flags.choose === true,
    metrics: given('--metrics', flags.metrics, outputFile),
    metricsPort: flags.metricsPort === undefined ? null : parsePort('--metrics-port', flags.metricsPort),
  };
}

export function raceSettings(flags: RaceCommandFlags): RaceSettings {
  const run = withoutDownload(flags);
  const firstUnchokeTimeout = parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout);
  return { ...run, torrent: { ...run.torrent, firstUnchokeTimeout }, until: flags.until };
}

export function doctorSettings(flags: DoctorFlags): DoctorSettings {
  return { ...withoutDownload(flags), lookMs: parseDuration('--for', flags.for, MIN_LOOK_MS) };
}

export function inspectSettings(flags: InspectFlags): InspectSettings {
  return {
    ...withoutDownload(flags),
    scrape: flags.scrape === true,
    timeoutMs: parseDuration('--timeout', flags.timeout),
  };
}

export function benchSettings(flags: BenchFlags): BenchSettings {
  const { session, torrent, ...run } = withoutDownload(flags);
  return {
    ...run,
    session: { ...session, ...pieceSettings(flags) },
    torrent: {
      ...torrent,
      firstUnchokeTimeout: parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout),
    },
    durationMs: parseDuration('--duration', flags.duration, MIN_LOOK_MS),
  };
}

/** Null: the run ends when the download is complete. */
export function seedGoals({
  seed,
  seedRatio,
  seedTime,
}: Pick<GetFlags, 'seed' | 'seedRatio' | 'seedTime'>): SeedGoals | null {
  if (seed !== true && seedRatio === undefined && seedTime === undefined) return null;
  return {
    ratio: seedRatio === undefined ? null : parseRatio('--seed-ratio', seedRatio),
    time: seedTime === undefined ? null : parseDuration('--seed-time', seedTime),
  };
}

/** What fetches, holds and checks pieces. */
function pieceSettings({ hashers, memory, webseeds }: Pick<GetFlags, 'hashers' | 'memory' | 'webseeds'>) {
  return { hashers: parseHashers(hashers), memory: parseMemory(memory), webseeds };
}

export function parseHashers(text: string): number {
  return parseCount('--hashers', text, 1, MAX_HASHERS);
}

/** For a command that downloads nothing, or keeps nothing: no peer is dropped, and no peer may connect to us. */
function withoutDownload(flags: RaceFlags): RunSettings {
  const run = runSettings(flags);
  return { ...run, session: { ...run.session, port: null }, torrent: { ...run.torrent, keep: 0 } };
}

export function runSettings(flags: RaceFlags): RunSettings {
  return {
    session: {
      ...DEFAULT_SESSION,
      ...routeSettings(flags),
      shards: parseCount('--shards', flags.shards, 1, MAX_SHARDS),
      halfOpen: parseOptional('--half-open', flags.halfOpen),
      dialRate: parseOptional('--dial-rate', flags.dialRate),
      maxPeers: parseCount('--max-peers', flags.maxPeers),
      encryption: flags.encryption,
      utp: flags.utp,
      pex: flags.pex,
      lsd: flags.lsd,
      dht: flags.dht,
      dhtBootstrap: flags.dhtBootstrap.map((node) => namedPeer(node, '--dht-bootstrap')),
      trackers: flags.trackers,
      announceAll: flags.announceAll === true,
      blocklist: flags.blocklist === undefined ? null : readBlocklist(flags.blocklist, '--blocklist'),
    },
    torrent: {
      ...DEFAULT_TORRENT,
      strategy: flags.strategy,
      peers: peersOf(flags),
      tracker: trackersOf(flags),
    },
    console: consoleOptions(flags),
    report: reportOf(flags),
  };
}

/** The file for the web page about the race. */
export function reportOf({ report }: { readonly report?: string }): string | null {
  return given('--report', report, outputFile);
}

export function given(
  option: string,
  text: string | undefined,
  checked: (option: string, text: string) => string,
): string | null {
  return text === undefined ? null : checked(option, text);
}

function parseOptional(flag: string, text: string | undefined): number | null {
  return text === undefined ? null : parseCount(flag, text);
}

interface ConsoleFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  readonly color?: ColourChoice;
  readonly log?: string;
}

export function consoleOptions({ json, quiet, verbose, color, log }: ConsoleFlags): ConsoleOptions {
  return {
    json: json === true,
    quiet: quiet === true,
    verbose: Math.min(verbose ?? 0, 2) as Verbosity,
    color: color ?? 'auto',
    log: given('--log', log, appendedFile),
  };
}

function routeSettings(flags: RaceFlags): Pick<SessionSettings, 'proxy' | 'interface'> {
  const { proxy, interface: localAddress } = flags;
  if (proxy !== undefined && !isProxyUrl(proxy)) throw new BadOption('--proxy', wrongProxy(proxy));
  if (localAddress !== undefined && !isOwnAddress(localAddress))
    throw new BadOption('--interface', `${localAddress}: not an address of this machine`);
  return { proxy: proxy ?? null, interface: localAddress ?? null };
}

/** What is wrong with a proxy, and how it is written. */
function wrongProxy(proxy: string): string {
  if (/^(?:[a-z\d.-]+|\[[a-f\d:.]+\]):\d+$/i.test(proxy))
    return `${proxy}: write socks5://${proxy} or http://${proxy}`;
  if (/^socks5h:/i.test(proxy))
    return `${typedUrl(proxy)}: write socks5://; the proxy looks up all names then, too`;
  return `${typedUrl(proxy)}: not socks5://HOST:PORT or http://HOST:PORT, with USER:PASSWORD@ before HOST if the proxy needs them`;
}

function peersOf({ peer, peersFile }: RaceFlags): TorrentSettings['peers'] {
  const named = peer.map((text) => namedPeer(text, '--peer'));
  return peersFile === undefined ? named : [...named, ...readPeersFile(peersFile)];
}

function trackersOf({ tracker }: RaceFlags): readonly string[] {
  for (const url of tracker)
    if (!isTrackerUrl(url))
      throw new BadOption('--tracker', `${typedUrl(url)}: not the URL of a tracker; ${TRACKER_FORM}`);
  return tracker;
}

/** The port is checked even if it is not used. */
function portOf(flags: GetFlags): number | null {
  const wanted = clusterPort(flags);
  return flags.listen ? wanted : null;
}

/** Null if the user does not say. A seed that no router lets in serves few. */
function natOf(flags: GetFlags, session: SessionSettings): boolean | null {
  const obstacle = natObstacle({ ...session, port: portOf(flags) });
  if (flags.nat === true && obstacle !== null) throw new BadOption('--nat', `does not work ${obstacle}`);
  return flags.nat ?? (seedGoals(flags) !== null && obstacle === null ? true : null);
}

function parseMemory(text: string | undefined): number | null {
  // Some systems grant more memory than the machine has, and kill the process when it uses it.
  const most = Math.min(MAX_MEMORY_BYTES, totalmem());
  return text === undefined ? null : parseSize('--memory', text, most);
}
