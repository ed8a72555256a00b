/** Nobody gets what a command writes: the reader is gone, or the disk is full. */
import assert from 'node:assert/strict';
import { type StdioOptions, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { atHome, STATE, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { torrentOf } from '../support/torrents.ts';
import { wirePeer } from '../support/wire-peer.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const torrent = writeTo(folder, 'file.torrent', torrentOf());

function start(args: readonly string[], stdio: StdioOptions) {
  const env = { ...process.env, XDG_STATE_HOME: STATE };
  const child = spawn(process.execPath, [CLI, ...atHome(args)], { stdio, env });
  const status = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, status };
}

/** Its stdout is on a full disk. */
async function onFullDisk(...args: string[]): Promise<{ status: number | null; stderr: string }> {
  const full = openSync('/dev/full', 'w');
  const { child, status } = start(args, ['ignore', full, 'pipe']);
  closeSync(full);
  const stderr = child.stderr === null ? '' : await text(child.stderr);
  return { status: await status, stderr };
}

const FULL = /^unchoke: stdout: no space left on the disk \(ENOSPC\); free some space.*\n$/;

test('results that do not fit on the disk: exit status 5, and no bug', async () => {
  for (const args of [['inspect', torrent], ['man'], ['--help'], ['config', '--json']]) {
    const run = await onFullDisk(...args);
    assert.equal(run.status, 5, `${args.join(' ')}: ${run.stderr}`);
    assert.match(run.stderr, FULL);
  }
});

test('a download whose events do not fit on the disk ends in order', async () => {
  const mute = await wirePeer({ greets: 'says nothing' }, '127.0.0.9');
  const output = join(folder, 'out');
  const waits = ['--first-unchoke-timeout', '0', '--peer', mute.address];
  const run = await onFullDisk('get', torrent, '-o', output, '--json', '--quiet', ...waits);
  await mute.close();
  assert.equal(run.status, 5, run.stderr);
  assert.match(run.stderr, FULL);
  const left = readdirSync(output).filter((name) => /\.(?:lock|new)$/.test(name));
  assert.deepEqual(left, []);
});

test('a reader that goes away changes no exit status', async () => {
  for (const [args, expected] of [
    [['man'], 0],
    [['--help'], 0],
    [['config'], 0],
    [['completion', 'bash'], 0],
    [['frobnicate'], 2],
  ] as const) {
    // The child has not begun to write.
    const { child, status } = start(args, ['ignore', 'pipe', 'pipe']);
    child.stdout?.destroy();
    child.stderr?.destroy();
    assert.equal(await status, expected, args.join(' '));
  }
});
