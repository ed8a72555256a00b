/** The clients that are compared in a mixed swarm: their defaults, with one limit for what they upload. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CLI } from '../test/support/paths.ts';
import { aria2, type Client, libtorrent, transmission, unchokeAt } from './clients.ts';

/** Another build of ours: `unchoke@CLI`. */
const OTHER_BUILD = 'unchoke@';

/** By name, or `all`; missing clients are reported and left out. */
export function uploadingClients(names: string, uploadLimit: number): Client[] {
  const all = [
    unchoke('unchoke', CLI, uploadLimit),
    libtorrent('libtorrent default', { upload_rate_limit: uploadLimit }),
    aria2('aria2 default', `--max-overall-upload-limit=${uploadLimit}`),
    // Its K is 1,000.
    transmission(
      'transmission default',
      { 'speed-limit-up': Math.round(uploadLimit / 1_000), 'speed-limit-up-enabled': true },
      true,
    ),
  ];
  const named = (name: string): Client => {
    if (name.startsWith(OTHER_BUILD)) return unchoke(name, name.slice(OTHER_BUILD.length), uploadLimit);
    const client = all.find((one) => one.name === name || one.name === `${name} default`);
    if (client !== undefined) return client;
    throw new Error(`--clients ${name}: one of ${all.map((one) => one.name).join(', ')}, ${OTHER_BUILD}CLI`);
  };
  return (names === 'all' ? all : names.split(',').map(named)).filter((client) => {
    const why = client.missing();
    if (why !== null) process.stdout.write(`missing: ${client.name}: ${why}\n`);
    return why === null;
  });
}

/** A build that knows no limit uploads nothing. */
function unchoke(name: string, cli: string, uploadLimit: number): Client {
  const limit = hasUploadLimit(cli) ? ['--upload-limit', String(uploadLimit)] : [];
  return unchokeAt(cli, name, '--quiet', ...limit);
}

function hasUploadLimit(cli: string): boolean {
  if (!existsSync(cli)) return false;
  const help = execFileSync(process.execPath, [cli, 'get', '--help-all'], { encoding: 'utf8' });
  return help.includes('--upload-limit');
}
