/** The units of docs/service.md: systemd accepts them, and they fit the command line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { defineGet, type GetFlags, withGetOptions } from '../../src/main/cli/commands/get-flags.ts';
import { EXIT_STATUS } from '../../src/main/failure.ts';
import { temporaryFolder } from '../support/cli.ts';
import { ROOT } from '../support/paths.ts';

const page = readFileSync(join(ROOT, 'docs', 'service.md'), 'utf8');
const units = [...page.matchAll(/```ini\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
const [service = '', watch = '', timer = ''] = units;
const value = (key: string, unit = service): string => new RegExp(`^${key}=(.+)$`, 'm').exec(unit)?.[1] ?? '';
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test('systemd accepts the units', { skip: hasSystemd ? false : 'systemd-analyze is not installed' }, () => {
  assert.equal(units.length, 3);
  const folder = temporaryFolder();
  // It checks that the program exists.
  const command = value('ExecStart').split(' ')[0] ?? '';
  const paths = [join(folder, 'unchoke.service'), join(folder, 'unchoke.timer')] as const;
  writeFileSync(paths[0], service.replace(command, process.execPath));
  writeFileSync(paths[1], timer);
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' });
  // It ends with 0 also after it warned of an unknown key.
  assert.deepEqual([verified.status, verified.stderr], [0, '']);
});

test('the command of the service is one that get understands, and writes where the service may write', () => {
  const [program, name, ...args] = value('ExecStart').split(' ');
  assert.deepEqual([program, name], ['/usr/local/bin/unchoke', 'get']);
  const command = defineGet(new Command('get')).exitOverride().parse(args, { from: 'user' });
  assert.deepEqual(command.args, ['/srv/torrents']);
  assert.equal(value('ReadWritePaths'), command.opts<GetFlags>().output);
});

test('so is the command that watches the folder, which it changes', () => {
  const [program, name, ...args] = value('ExecStart', watch).split(' ');
  assert.deepEqual([program, name], ['/usr/local/bin/unchoke', 'watch']);
  const command = withGetOptions(new Command('watch'), { hasParts: true }).exitOverride();
  command.argument('<folder>').parse(args, { from: 'user' });
  assert.deepEqual(command.args, [value('ReadWritePaths', watch)]);
  assert.equal(value('ReadWritePaths'), command.opts<GetFlags>().output);
});

test('the service starts again after what may be over later, and not after what needs the user', () => {
  const numbers = (key: string): number[] => value(key).split(' ').map(Number);
  const { usage, disk, interrupted } = EXIT_STATUS;
  assert.deepEqual(numbers('RestartPreventExitStatus'), [usage, EXIT_STATUS['bad-torrent'], disk]);
  assert.deepEqual(numbers('SuccessExitStatus'), [interrupted]);
});
