/** Local service discovery with a real libtorrent, where multicast may be had: in a network namespace of the test's own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI, ROOT } from '../support/paths.ts';
import { makeTorrent } from '../support/seeds.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const mayMakeNamespaces = spawnSync('unshare', ['-n', 'true']).status === 0;

test('a peer is found on the local network alone', { skip: !mayMakeNamespaces }, () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'near.bin'), randomBytes(2 ** 20));
  const torrent = join(folder, 'near.torrent');
  makeTorrent(join(data, 'near.bin'), torrent, 16);
  const hash = Buffer.from(loadTorrent(torrent).infoHash).toString('hex');
  const script = join(ROOT, 'test', 'interop', 'clients', 'lsd-namespace.sh');
  const output = join(folder, 'out');
  const get = [process.execPath, CLI, 'get', hash, '-o', output, '--no-dht', '--json'];
  const run = spawnSync('unshare', ['-n', 'sh', script, torrent, data, ...get], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(run.status, 0, run.stderr);
  assert.ok(readFileSync(join(output, 'near.bin')).equals(readFileSync(join(data, 'near.bin'))));
  assert.match(run.stdout, /"sources":\[\{"name":"lsd","addresses":1,"connected":1/);
});

test('who does not listen, or asked for no local discovery, finds nobody there', async () => {
  const torrent = join(folder, 'near.torrent');
  const run = await runCli('get', torrent, '-o', join(folder, 'none'));
  assert.equal(run.status, 4, run.stderr);
});
