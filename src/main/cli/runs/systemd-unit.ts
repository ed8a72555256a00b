/** A unit for systemd that runs a command as a service. */
import { basename } from 'node:path';
import { bytesOfName } from '../../../shared/byte-name.ts';
import { absolutePath } from '../../files/absolute-path.ts';
import { printable } from '../../text/foreign-text.ts';

/** `words`: the program and its arguments, as they were typed. `paths`: those of them that are paths. */
export function systemdUnit(words: readonly string[], paths: readonly string[]): string[] {
  const [program = '', ...args] = words;
  const named = new Set(paths);
  const command = [
    process.execPath,
    program,
    ...args
      .filter((word) => word !== '--systemd')
      .map((word) => (named.has(word) ? absolutePath(word) : word)),
  ];
  return [
    '[Unit]',
    `Description=unchoke shares ${plain(paths.map((path) => basename(absolutePath(path))).join(', '))}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    '# The paths of options may be relative to this folder.',
    `WorkingDirectory=-${plain(absolutePath(''))}`,
    `ExecStart=${command.map(quoted).join(' ')}`,
    '# What was hashed is remembered here.',
    'StateDirectory=unchoke',
    'Environment=XDG_STATE_HOME=/var/lib',
    'Nice=10',
    'Restart=on-failure',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
}

function plain(text: string): string {
  return text.replaceAll('%', '%%');
}

/** systemd gives a meaning to percent signs, dollars, quotes and backslashes. What cannot be shown is written byte by byte. */
function quoted(word: string): string {
  const escaped = plain(word)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('$', '$$$$')
    .replace(/[^ -~]/gu, (one) => (printable(one) === one ? one : escapedBytes(one)));
  return /^[\w./:=@%+,-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function escapedBytes(text: string): string {
  return Array.from(bytesOfName(text), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
