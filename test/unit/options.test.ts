/** From texts of the user to typed settings: every option once, and every wrong value by name and origin. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { type BenchFlags, benchCommand } from '../../src/main/cli/commands/bench.ts';
import { type DoctorFlags, doctorCommand } from '../../src/main/cli/commands/doctor.ts';
import { getCommand } from '../../src/main/cli/commands/get.ts';
import { defineGet, type GetFlags } from '../../src/main/cli/commands/get-flags.ts';
import { type InspectFlags, inspectCommand } from '../../src/main/cli/commands/inspect.ts';
import { type RaceCommandFlags, raceCommand } from '../../src/main/cli/commands/race.ts';
import { applySettings, settingsOf } from '../../src/main/cli/settings.ts';
import {
  benchSettings,
  doctorSettings,
  type GetSettings,
  getSettings,
  inspectSettings,
  parseHashers,
  raceSettings,
} from '../../src/main/cli/settings-from-flags.ts';
import { Failure } from '../../src/main/failure.ts';
import {
  DEFAULT_SESSION,
  DEFAULT_TORRENT,
  dhtPlanOf,
  keptPeers,
  shardsFor,
} from '../../src/main/session/settings.ts';
import { CHOKED_RACE_MS, MAX_HASHERS, MAX_SHARDS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
const usage = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitStatus === 2 && message.test(error.message);

/** What commander makes of the arguments of a command, after the environment and the config file. */
function flagsOf<Flags>(
  define: (program: Command, run: () => Promise<void>) => void,
  args: readonly string[],
  environment = {},
): Flags {
  const program = new Command();
  define(program, async () => {});
  const [command] = program.commands;
  assert.ok(command !== undefined);
  command.exitOverride();
  command.parse(['SOURCE', ...args], { from: 'user' });
  applySettings(command, program.commands, { XDG_CONFIG_HOME: join(folder, 'nothing'), ...environment });
  return command.opts() as Flags;
}

const get = (args: readonly string[], environment = {}): GetSettings =>
  getSettings(flagsOf<GetFlags>(getCommand, args, environment));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** Every option of `get` that has a value: how it is written, and what it becomes. */
const VALUES: readonly (readonly [string, string, (settings: GetSettings) => unknown, unknown])[] = [
  ['strategy', 'first-connect', (s) => s.torrent.strategy, 'first-connect'],
  ['peer', '1.2.3.4:5', (s) => s.torrent.peers, [{ host: '1.2.3.4', port: 5 }]],
  ['tracker', 'udp://t.example:80', (s) => s.torrent.tracker, ['udp://t.example:80']],
  ['color', 'never', (s) => s.console.color, 'never'],
  ['log', 'x.log', (s) => s.console.log, 'x.log'],
  ['peers-file', file('peers', '# some\n\n[::1]:6\n'), (s) => s.torrent.peers, [{ host: '::1', port: 6 }]],
  ['half-open', '7', (s) => s.session.halfOpen, 7],
  ['dial-rate', '0', (s) => s.session.dialRate, 0],
  ['max-peers', '9', (s) => s.session.maxPeers, 9],
  ['shards', '3', (s) => s.session.shards, 3],
  ['encryption', 'require', (s) => s.session.encryption, 'require'],
  ['proxy', 'socks5://u:p@127.0.0.1:1', (s) => s.session.proxy, 'socks5://u:p@127.0.0.1:1'],
  ['interface', '127.0.0.9', (s) => s.session.interface, '127.0.0.9'],
  ['blocklist', file('list', '10.0.0.0/8\n'), (s) => s.session.blocklist?.blocks('10.1.2.3'), true],
  ['dht-bootstrap', 'a.example:1', (s) => s.session.dhtBootstrap, [{ host: 'a.example', port: 1 }]],
  ['report', 'x.html', (s) => s.report, 'x.html'],
  ['save-torrent', 'x.torrent', (s) => s.torrent.saveTorrent, 'x.torrent'],
  ['on-complete', '/bin/true', (s) => s.onComplete, '/bin/true'],
  ['download-limit', '2M/s', (s) => s.session.downloadLimit, 2_097_152],
  ['upload-limit', '400K', (s) => s.session.uploadLimit, 409_600],
  ['seed-ratio', '1.5', (s) => s.torrent.seed, { ratio: 1.5, time: null }],
  ['seed-time', '30m', (s) => s.torrent.seed, { ratio: null, time: 1_800_000 }],
  ['parallel', '5', (s) => s.parallel, 5],
  ['cluster', 'c', (s) => s.torrent.cluster?.name, 'c'],
  ['output', '/srv', (s) => s.torrent.output, '/srv'],
  ['journal-key', 'x.key', (s) => s.session.journalKey, 'x.key'],
  ['select', '*.iso', (s) => s.torrent.select, ['*.iso']],
  ['reuse', folder, (s) => s.torrent.reuse, [folder]],
  ['preallocate', 'full', (s) => s.torrent.preallocate, 'full'],
  ['keep', '2', (s) => s.torrent.keep, 2],
  ['hashers', '4', (s) => s.session.hashers, 4],
  ['memory', '1M', (s) => s.session.memory, 2 ** 20],
  ['metrics', 'x.prom', (s) => s.metrics, 'x.prom'],
  ['metrics-port', '0', (s) => s.metricsPort, 0],
  ['port', '6881', (s) => s.session.port, 6_881],
  ['first-unchoke-timeout', '1.5m', (s) => s.torrent.firstUnchokeTimeout, 90_000],
  ['idle-timeout', '0', (s) => s.torrent.idleTimeout, 0],
];

/** Every switch of `get`, and what it turns on or off. */
const SWITCHES: readonly (readonly [string, (settings: GetSettings) => unknown, unknown])[] = [
  ['no-trackers', (s) => s.session.trackers, false],
  ['announce-all', (s) => s.session.announceAll, true],
  ['no-dht', (s) => s.session.dht, false],
  ['no-lsd', (s) => s.session.lsd, false],
  ['no-pex', (s) => s.session.pex, false],
  ['no-utp', (s) => s.session.utp, false],
  ['no-webseeds', (s) => s.session.webseeds, false],
  ['no-listen', (s) => s.session.port, null],
  ['seed', (s) => s.torrent.seed?.ratio, null],
  ['nat', (s) => s.session.nat, true],
  ['no-nat', (s) => s.session.nat, false],
  ['overwrite', (s) => s.torrent.overwrite, true],
  ['choose', (s) => s.choose, true],
  ['dry-run', (s) => s.dryRun, true],
  ['part', (s) => s.torrent.part, true],
  ['no-part', (s) => s.torrent.part, false],
  ['sequential', (s) => s.torrent.sequential, true],
  ['json', (s) => s.console.json, true],
  ['verbose', (s) => s.console.verbose, 1],
  ['quiet', (s) => s.console.quiet, true],
];
/** It concerns the whole process and is not a setting of a run. */
const OF_THE_PROCESS = ['show-secrets'];
/** They work only with `--cluster`, and are tried there. */
const OF_CLUSTERS = [
  'cluster-nodes',
  'cluster-secret-file',
  'cluster-wait',
  'cluster-size',
  'cluster-timeout',
  'sha256',
];

const variable = (name: string): string => `UNCHOKE_${name.toUpperCase().replaceAll('-', '_')}`;
const config = (options: Readonly<Record<string, unknown>>): Record<string, string> => {
  mkdirSync(join(folder, 'unchoke'), { recursive: true });
  file('unchoke/unchoke.json', JSON.stringify({ get: options }));
  return { XDG_CONFIG_HOME: folder };
};

test('every option of get is tried below', () => {
  const all = settingsOf(defineGet(new Command())).map(({ long }) => long?.slice(2));
  const tried = [
    ...VALUES.map(([name]) => name),
    ...SWITCHES.map(([name]) => name),
    ...OF_THE_PROCESS,
    ...OF_CLUSTERS,
  ];
  assert.deepEqual(tried.sort(), all.sort());
});

test('an option is the same value from the command line, the environment and the config file', () => {
  for (const [name, text, of, value] of VALUES) {
    assert.deepEqual(of(get([`--${name}`, text])), value, name);
    assert.deepEqual(of(get([], { [variable(name)]: text })), value, variable(name));
    assert.deepEqual(of(get([], config({ [name]: text }))), value, `${name} in the config file`);
  }
  for (const [name, of, value] of SWITCHES) {
    assert.equal(of(get([`--${name}`])), value, name);
    assert.equal(of(get([], { [variable(name)]: '1' })), value, variable(name));
    assert.equal(of(get([], config({ [name]: true }))), value, `${name} in the config file`);
    assert.notEqual(of(get([], { [variable(name)]: 'no' })), value, `${variable(name)}=no`);
  }
  assert.equal(get([], config({ 'max-peers': 9 })).session.maxPeers, 9, 'a number of JSON');
});

test('-vv shows more than -v, from everywhere', () => {
  const of = ({ console }: GetSettings) => console.verbose;
  assert.equal(of(get(['-v'])), 1);
  assert.equal(of(get(['-vv'])), 2);
  assert.equal(of(get(['-vvv'])), 2);
  assert.equal(of(get([], { UNCHOKE_VERBOSE: '2' })), 2);
  assert.equal(of(get([], config({ verbose: 2 }))), 2);
  assert.equal(of(get([], config({ verbose: false }))), 0);
});

test('options that are not given have the defaults of the settings', () => {
  const { session, torrent, ...run } = get([]);
  assert.deepEqual(session, DEFAULT_SESSION);
  assert.deepEqual(torrent, DEFAULT_TORRENT);
  assert.deepEqual(run, {
    console: { json: false, quiet: false, verbose: 0, color: 'auto', log: null },
    report: null,
    parallel: 3,
    onComplete: null,
    dryRun: false,
    choose: false,
    metrics: null,
    metricsPort: null,
  });
});

test('a wrong value is a usage failure that names the option', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['peer', '1.2.3.4', /^--peer "1\.2\.3\.4": not HOST:PORT/],
    ['peers-file', join(folder, 'none'), /^--peers-file .*none: there is no such file$/],
    ['peers-file', folder, /^--peers-file .*: it is a folder, not a file$/],
    ['peers-file', file('bad', '1.2.3.4:5\nx\n'), /^--peers-file .*bad, line 2: "x": not HOST:PORT/],
    ['tracker', 'ftp://x.example', /^--tracker ftp:\/\/x\.example: not the URL of a tracker/],
    ['tracker', 'x', /^--tracker x: not the URL of a tracker/],
    ['half-open', 'x', /^--half-open x: not a whole number/],
    ['dial-rate', '-1', /^--dial-rate -1: not a whole number/],
    ['max-peers', '1.5', /^--max-peers 1\.5: not a whole number/],
    ['shards', '0', /^--shards 0: not a whole number of 1 or more/],
    ['shards', '100000', /^--shards 100000: more than 256/],
    ['proxy', 'ftp://x', /^--proxy .*: not socks5:\/\/HOST:PORT/],
    ['interface', '192.0.2.1', /^--interface 192\.0\.2\.1: not an address of this machine/],
    ['blocklist', join(folder, 'none'), /^--blocklist .*none: there is no such file$/],
    ['blocklist', file('odd', '\nodd\n'), /^--blocklist .*odd, line 2: "odd" is not a range of addresses/],
    ['dht-bootstrap', 'x', /^--dht-bootstrap "x": not HOST:PORT/],
    ['parallel', '65', /^--parallel 65: more than 64/],
    ['keep', 'all', /^--keep all: not a whole number/],
    ['hashers', '257', /^--hashers 257: more than 256/],
    ['memory', '100000T', /^--memory 100000T: more than \d/],
    ['metrics-port', '65536', /^--metrics-port 65536: no port is larger than 65535/],
    ['port', '65536', /^--port 65536: no port is larger than 65535/],
    ['first-unchoke-timeout', 'soon', /^--first-unchoke-timeout soon: not a duration/],
    ['idle-timeout', '25d', /^--idle-timeout 25d: longer than 24 days/],
  ];
  for (const [name, text, message] of cases) {
    assert.throws(() => get([`--${name}=${text}`]), usage(message), name);
    assert.throws(() => get([], { [variable(name)]: text }), usage(message), variable(name));
    assert.throws(() => get([], config({ [name]: text })), usage(message), `${name} in the config file`);
  }
});

test('--nat works without --proxy, --interface and --no-listen', () => {
  const [proxy, address] = ['--proxy=socks5://127.0.0.1:1', '--interface=127.0.0.1'] as const;
  for (const [option, words] of [
    [proxy, 'with a proxy'],
    [address, 'with an address of yours'],
    ['--no-listen', 'without a port'],
  ] as const) {
    assert.throws(() => get(['--nat', option]), usage(new RegExp(`^--nat does not work ${words}`)));
    assert.equal(get(['--no-nat', option]).session.nat, false);
    assert.equal(get([option]).session.nat, null);
    // Which the command line overrides.
    assert.throws(() => get([option], { UNCHOKE_NAT: '1' }), usage(/does not work/));
    assert.equal(get(['--no-nat', option], { UNCHOKE_NAT: '1' }).session.nat, false);
  }
});

test('commands without a download keep every peer and accept no incoming peers', () => {
  const race = raceSettings(
    flagsOf<RaceCommandFlags>(raceCommand, ['--strategy=first-connect', '--until=first-block']),
  );
  assert.deepEqual([race.session.port, keptPeers(race.torrent), race.until], [null, 0, 'first-block']);
  assert.equal(race.torrent.firstUnchokeTimeout, CHOKED_RACE_MS);
  const doctor = doctorSettings(flagsOf<DoctorFlags>(doctorCommand, ['--for=5s']));
  assert.deepEqual([doctor.session.port, doctor.lookMs], [null, 5_000]);
  const inspect = inspectSettings(flagsOf<InspectFlags>(inspectCommand, ['--scrape', '--timeout=1m']));
  assert.deepEqual([inspect.session.port, inspect.scrape, inspect.timeoutMs], [null, true, 60_000]);
  const bench = (...args: string[]) => benchSettings(flagsOf<BenchFlags>(benchCommand, args));
  const { session, torrent, durationMs } = bench('--memory=2M', '--hashers=3', '--no-webseeds');
  assert.deepEqual([session.memory, session.hashers, session.webseeds], [2 ** 21, 3, false]);
  assert.deepEqual([session.port, torrent.keep, durationMs], [null, 0, 30_000]);
  assert.throws(() => bench('--duration=0'), usage(/^--duration 0: less than 1 s$/));
  const brief = () => doctorSettings(flagsOf<DoctorFlags>(doctorCommand, ['--for=0']));
  assert.throws(brief, usage(/^--for 0: less than 1 s$/));
  for (const define of [benchCommand, doctorCommand, inspectCommand])
    assert.throws(() => flagsOf(define, ['--report=x.html']), { code: 'commander.unknownOption' });
});

test('--choose and --select: one of them, and the command line wins', () => {
  assert.throws(() => get(['--choose', '--select=a']), usage(/^--choose and --select: choose one$/));
  assert.throws(() => get([], config({ choose: true, select: 'a' })), usage(/choose one/));
  const chosen = get(['--choose'], { UNCHOKE_SELECT: 'a' });
  assert.deepEqual([chosen.choose, chosen.torrent.select], [true, []]);
  const selected = get(['--select=a'], config({ choose: true }));
  assert.deepEqual([selected.choose, selected.torrent.select], [false, ['a']]);
});

test('values that depend on several settings', () => {
  const of = (...args: string[]) => get(args);
  const kept = ({ torrent }: GetSettings) => keptPeers(torrent);
  assert.deepEqual([kept(of()), kept(of('--strategy=sequential')), kept(of('--keep=3'))], [0, 1, 3]);
  const sequential = of('--strategy=sequential', '--shards=4');
  assert.equal(shardsFor(sequential.session, sequential.torrent), 1);
  assert.equal(dhtPlanOf(of('--no-dht').session), null);
  assert.equal(dhtPlanOf(of().session)?.isUsersChoice, false);
  assert.deepEqual(dhtPlanOf(of('--dht-bootstrap=a.example:1').session), {
    bootstrap: [{ host: 'a.example', port: 1 }],
    isUsersChoice: true,
  });
});

test('each kind of thread has a limit', () => {
  assert.equal(get(['--shards', String(MAX_SHARDS)]).session.shards, MAX_SHARDS);
  assert.equal(parseHashers(String(MAX_HASHERS)), MAX_HASHERS);
});
