/** A signal ends a command also before its main work: while it reads a source, asks for metadata, or makes a torrent. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { atHome, type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();

/** It accepts connections and says nothing. */
async function silentServer(): Promise<{ server: Server; at: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
    after(() => socket.destroy());
  });
  after(() => server.close());
  await once(server.listen({ host: '127.0.0.1', port: 0 }), 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, at: `127.0.0.1:${address.port}` };
}

async function assertEnds(running: RunningCli): Promise<void> {
  running.child.kill('SIGINT');
  const run = await running.ended;
  assert.equal(run.status, 130, run.stderr);
  assert.match(run.stderr, /interrupted before the torrent was fetched\n$/);
}

test('get --dry-run that waits for metadata of a magnet link', async () => {
  const { server, at } = await silentServer();
  const plan = ['get', '0'.repeat(40), '--dry-run', '--first-unchoke-timeout', '0'];
  const running = startCli([...plan, '--peer', at]);
  await once(server, 'connection');
  await assertEnds(running);
});

test('get --dry-run that waits for a server', async () => {
  const { server, at } = await silentServer();
  const running = startCli(['get', `http://${at}/x.torrent`, '--dry-run']);
  await once(server, 'connection');
  await assertEnds(running);
});

test('get - that waits for stdin', async () => {
  const other = writeTo(folder, 'other.torrent', torrentOf());
  const args = [CLI, ...atHome(['get', '-', other, '--parallel', '1', '--json'])];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  // The first event: signals are heard from now on.
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
});

test('share that makes a torrent of large files', { skip: process.platform === 'win32' }, async () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'large'), '');
  // Zeros that take no space: they are hashed for a minute.
  await truncate(join(data, 'large'), 2 ** 36);
  spawnSync('mkfifo', [join(data, 'pipe')]);
  const running = startCli(['share', data]);
  let stderr = '';
  for await (const part of running.child.stderr ?? []) {
    stderr += part;
    if (stderr.includes('left out: pipe')) break;
  }
  running.child.kill('SIGINT');
  assert.equal((await running.ended).signal, 'SIGINT');
});
