/** Private torrents (BEP 27): other sources of peers are not even asked. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { int, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();

/** Runs `get` with a DHT node that only listens; resolves to the number of packets that it received. */
async function packetsFor(name: string, torrent: Buffer): Promise<number> {
  let heard = 0;
  const node = createSocket('udp4');
  node.on('message', () => {
    heard += 1;
  });
  await new Promise<void>((resolve) => node.bind(0, '127.0.0.1', resolve));
  const file = writeTo(folder, `${name}.torrent`, torrent);
  const bootstrap = `127.0.0.1:${node.address().port}`;
  const run = await runCli(
    'get',
    file,
    '-o',
    join(folder, name),
    '--dht-bootstrap',
    bootstrap,
    '--first-unchoke-timeout',
    '1s',
  );
  await new Promise<void>((resolve) => node.close(() => resolve()));
  assert.equal(run.status, 4, run.stderr);
  return heard;
}

test('the DHT learns of a public torrent', async () => {
  assert.ok((await packetsFor('public', torrentOf())) > 0, 'else the next test would show nothing');
});

test('the DHT learns nothing of a private one', async () => {
  assert.equal(await packetsFor('private', torrentOf({ private: int(1) })), 0);
});
