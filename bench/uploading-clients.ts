/** The clients that are compared in a mixed swarm: their defaults, with one limit for what they upload. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CLI } from '../test/support/paths.ts';
import { aria2, type Client, libtorrent, transmission, unchokeAt } from './clients.ts';
import { clientsByName } from './clients-by-name.ts';

/** As `--clients` names them. */
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
  return clientsByName(names, all, (name, cli) => unchoke(name, cli, uploadLimit));
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
