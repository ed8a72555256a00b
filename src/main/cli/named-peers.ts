/** Peers and nodes that the user names: `--peer HOST:PORT`, and a file with one per line. */
import { readFileSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { systemWords } from '../../shared/system-words.ts';
import { BadOption } from '../failure.ts';
import { parseHostPort } from '../network/host-port.ts';

/** Throws a usage failure that names the option, and `where` in its value. */
export function namedPeer(text: string, option: string, where = ''): HostPort {
  const peer = parseHostPort(text);
  if (peer !== null) return peer;
  throw new BadOption(
    option,
    `${where}${JSON.stringify(text)}: not HOST:PORT (IPv6 in brackets: [2001:db8::1]:6881)`,
  );
}

/** Skips empty lines and lines that begin with #. Throws a usage failure that names the line. */
export function readPeersFile(path: string): HostPort[] {
  return textOf(path)
    .split(/\r?\n/)
    .flatMap((line, i) => {
      const trimmed = line.trim();
      return trimmed === '' || trimmed.startsWith('#')
        ? []
        : [namedPeer(trimmed, '--peers-file', `${path}, line ${i + 1}: `)];
    });
}

function textOf(path: string): string {
  try {
    return readFileSync(diskPath(path), 'utf8');
  } catch (error) {
    throw new BadOption('--peers-file', `${path}: ${systemWords(error)}`, { cause: error });
  }
}
