/** The compared downloaders: how each one downloads a torrent into a folder and ends, with its defaults or tuned. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI, ROOT } from '../test/support/paths.ts';
import { clientsByName } from './clients-by-name.ts';

export interface Job {
  readonly torrent: string;
  readonly output: string;
  /** A folder for the client's own files. */
  readonly scratch: string;
}

export interface Client {
  readonly name: string;
  /** Null if it can run; else the reason. */
  missing(): string | null;
  command(job: Job): readonly string[];
}

const HERE = join(ROOT, 'bench', 'clients');
const WEBTORRENT = join(ROOT, 'test', 'interop', 'clients', 'webtorrent');
const PYTHON = '/usr/bin/python3';

const runs = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).status === 0;

function unchoke(name: string, ...more: readonly string[]): Client {
  return unchokeAt(CLI, name, '--verbose', ...more);
}

export function unchokeAt(cli: string, name: string, ...more: readonly string[]): Client {
  return {
    name,
    missing: () => (existsSync(cli) ? null : `no ${cli}`),
    command: ({ torrent, output }) => [
      ...[process.execPath, cli, 'get', torrent, '-o', output],
      ...['--no-dht', '--no-lsd', ...more],
    ],
  };
}

/** Settings: https://libtorrent.org/reference-Settings.html. */
export function libtorrent(name: string, settings: Readonly<Record<string, unknown>>): Client {
  return {
    name,
    missing: () => (runs(PYTHON, '-c', 'import libtorrent') ? null : 'no python3-libtorrent'),
    command: ({ torrent, output }) => [
      ...[PYTHON, join(HERE, 'libtorrent-get.py'), torrent, output],
      JSON.stringify(settings),
    ],
  };
}

export function aria2(name: string, ...more: readonly string[]): Client {
  return {
    name,
    missing: () => (runs('aria2c', '--version') ? null : 'no aria2c'),
    command: ({ torrent, output }) => [
      ...[
        'aria2c',
        '--no-conf=true',
        '--summary-interval=0',
        '--download-result=hide',
        '--seed-time=0',
        `--dir=${output}`,
      ],
      ...['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false', ...more, torrent],
    ],
  };
}

function webtorrent(name: string, options: Readonly<Record<string, unknown>>): Client {
  return {
    name,
    missing: () =>
      existsSync(join(WEBTORRENT, 'node_modules'))
        ? null
        : 'not installed (npm ci --prefix test/interop/clients/webtorrent --ignore-scripts)',
    command: ({ torrent, output }) => [
      ...[process.execPath, '--import', join(WEBTORRENT, 'no-webrtc.mjs'), join(HERE, 'webtorrent-get.mjs')],
      ...[torrent, output, JSON.stringify(options)],
    ],
  };
}

/** It does not end on its own: the script that it runs at the end stops it. It dials no loopback address. */
export function transmission(
  name: string,
  settings: Readonly<Record<string, unknown>>,
  inNamespace: boolean,
): Client {
  return {
    name,
    missing: () => {
      if (!runs('transmission-cli', '--version')) return 'no transmission-cli';
      return inNamespace ? null : 'it dials no loopback address, and this user may make no network namespace';
    },
    command: ({ torrent, output, scratch }) => {
      const config = join(scratch, 'transmission');
      // Otherwise it would look for the files of the last round.
      rmSync(config, { recursive: true, force: true });
      mkdirSync(config, { recursive: true });
      const end = join(config, 'end.sh');
      writeFileSync(end, '#!/bin/sh\nkill $PPID\n');
      chmodSync(end, 0o755);
      const off = { 'dht-enabled': false, 'lpd-enabled': false, 'port-forwarding-enabled': false };
      writeFileSync(join(config, 'settings.json'), JSON.stringify({ ...off, ...settings }));
      return ['transmission-cli', '-g', config, '-w', output, '-f', end, torrent];
    },
  };
}

/** As `--clients` names them. `inNamespace`: seeds have addresses other than loopback. */
export function chosen(names: string, inNamespace: boolean): Client[] {
  return clientsByName(names, allClients(inNamespace), (name, cli) => unchokeAt(cli, name, '--quiet'));
}

function allClients(inNamespace: boolean): readonly Client[] {
  return [
    unchoke('unchoke'),
    unchoke('unchoke tuned', '--dial-rate', '0', '--half-open', '0', '--max-peers', '0'),
    libtorrent('libtorrent tuned', {
      connection_speed: 500,
      connections_limit: 8_000,
      torrent_connect_boost: 255,
      enable_outgoing_utp: false,
      enable_incoming_utp: false,
      allow_multiple_connections_per_ip: true,
      max_out_request_queue: 1_500,
      request_queue_time: 10,
    }),
    libtorrent('libtorrent', {}),
    aria2(
      'aria2 tuned',
      '--bt-max-peers=0',
      '--bt-request-peer-speed-limit=2000M',
      '--enable-peer-exchange=false',
      '--file-allocation=none',
      '--disk-cache=64M',
    ),
    aria2('aria2'),
    // Without `secure: 0` it starts with MSE and never tries again without it: it reaches no peer that accepts only plain
    // connections.
    webtorrent('webtorrent tuned', { maxConns: 10_000, secure: 0 }),
    webtorrent('webtorrent', {}),
    transmission(
      'transmission tuned',
      { 'peer-limit-global': 8_000, 'peer-limit-per-torrent': 8_000, 'utp-enabled': false, encryption: 0 },
      inNamespace,
    ),
    transmission('transmission', {}, inNamespace),
  ];
}
