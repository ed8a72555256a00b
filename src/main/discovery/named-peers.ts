/** Peers that the user names: `--peer HOST:PORT` and `--peers-file FILE`, one a line. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { diskPath } from '../../shared/byte-name.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { Failure } from '../failure.ts';
import type { LookUp } from './environment.ts';

/** `1.2.3.4:6881`, `[2001:db8::1]:6881`, `host.example:6881`. Throws a usage failure; `where` is named in it. */
export function parsePeer(text: string, where: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port > 0 && port < 65_536) || (match?.[1] !== undefined && isIP(host) !== 6)) {
    throw new Failure(
      'usage',
      `${where} ${JSON.stringify(text)}: not HOST:PORT (IPv6 in brackets: [2001:db8::1]:6881)`,
    );
  }
  return { host, port };
}

/** Empty lines and lines that begin with # are passed over. Throws a usage failure that names the line. */
export function readPeersFile(path: string): HostPort[] {
  let text: string;
  try {
    text = readFileSync(diskPath(path), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Failure('usage', `--peers-file ${path}: cannot be read (${code})`, { cause: error });
  }
  return text.split(/\r?\n/).flatMap((line, i) => {
    const trimmed = line.trim();
    return trimmed === '' || trimmed.startsWith('#')
      ? []
      : [parsePeer(trimmed, `--peers-file ${path}, line ${i + 1}:`)];
  });
}

/** Addresses with names looked up, each name for itself: a dead one does not hold up the rest. Ends when `signal` aborts. */
export async function resolvePeers(
  named: readonly HostPort[],
  lookUp: LookUp,
  signal: AbortSignal,
  onResolved: (peers: readonly HostPort[]) => void,
  onFailed: (host: string, reason: string) => void,
): Promise<void> {
  onResolved(named.filter(({ host }) => isIP(host) !== 0));
  const names = named.filter(({ host }) => isIP(host) === 0);
  await Promise.all(
    names.map(async ({ host, port }) => {
      try {
        const addresses = await lookUp(host, signal);
        onResolved(addresses.map(({ address }) => ({ host: address, port })));
      } catch (error) {
        if (!signal.aborted) onFailed(host, (error as Error).message);
      }
    }),
  );
}
