/** A unit for systemd that runs a command as a service. */
import { basename } from 'node:path';
import { absolutePath } from '../../files/absolute-path.ts';

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
    `Description=unchoke shares ${paths
      .map((path) => basename(absolutePath(path)))
      .join(', ')
      .replaceAll('%', '%%')}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
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

/** systemd gives a meaning to percent signs, dollars, quotes and backslashes. */
function quoted(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return /^[\w./:=@%+,-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
