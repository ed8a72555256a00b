// Incoming peers on real threads: each shard listens where threads can share a port, and a second process is told that it is taken.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { newPeerId } from '../../src/main/network/identity.ts';
import { reservePort } from '../../src/main/network/reserve-port.ts';
import { ShardPool } from '../../src/main/pools/shard-pool.ts';
import { shardShare } from '../../src/main/race/sharding.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import type { TorrentEntry } from '../../src/shared/messages.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf } from '../support/wire-bytes.ts';

const SHARDS = 2;
const PEERS = 32;
/** Node shares a port between threads since 22.12. */
const [MAJOR = 0, MINOR = 0] = process.versions.node.split('.').map(Number);
const CAN_SHARE = MAJOR > 22 || (MAJOR === 22 && MINOR >= 12);
const limits = { halfOpen: 0, dialRatePerS: 0, descriptors: 1_000 };

function entryOf(position: number): TorrentEntry {
  return {
    infoHash: INFO_HASH,
    infoHashV2: null,
    peerId: newPeerId(),
    strategy: 'first-unchoke',
    workingPeers: Number.POSITIVE_INFINITY,
    chokedTimeoutMs: 60_000,
    holepunch: false,
    cluster: false,
    pex: false,
    dht: false,
    reconnect: true,
    accepts: true,
    incoming: { first: peerIndex(1_000 + position), step: SHARDS },
  };
}

/** A pool with a torrent; `accepted` resolves to the shards that took peers, once all have been taken. */
function openPool(peers: number, utp = false) {
  const positions: number[] = [];
  let done = (): void => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const pool = new ShardPool({
    shards: SHARDS,
    template: {
      clientName: 'test',
      encryption: 'off',
      proxy: null,
      localAddress: null,
      uploadRate: null,
      downloadRate: null,
      utp,
    },
    shareOf: (position) => shardShare(limits, position, SHARDS),
  });
  pool.enter({
    entryOf,
    onEvent: (position, event) => {
      if (event.type === 'accepted' && positions.push(position) === peers) done();
    },
    onLost: () => {},
    onHopeless: (error) => assert.fail(String(error)),
  });
  return { pool, accepted: all.then(() => positions) };
}

async function visit(port: number, from: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(handshakeOf(INFO_HASH, '-XX0001-peer'));
  return socket;
}

test('every incoming peer is taken, by each shard where threads can share a port', async () => {
  const { pool, accepted } = openPool(PEERS);
  const port = await pool.listen(0, '127.0.0.1');
  const sockets = await Promise.all(Array.from({ length: PEERS }, (_, i) => visit(port, `127.0.${i + 1}.9`)));
  assert.equal(new Set(await accepted).size, CAN_SHARE ? SHARDS : 1);
  assert.equal(pool.listeningThreads, CAN_SHARE ? SHARDS : 1);
  for (const socket of sockets) socket.destroy();
  await pool.stop();
});

test('a port that a session has is taken for all others, shared or not', async () => {
  const { pool } = openPool(1);
  const port = await pool.listen(0, '127.0.0.1');
  const { pool: other } = openPool(1);
  await assert.rejects(other.listen(port, '127.0.0.1'), /EADDRINUSE/);
  await assert.rejects(reservePort(port, '127.0.0.1'), /EADDRINUSE/);
  await other.stop();
  await pool.stop();
  assert.equal(await reservePort(port, '127.0.0.1'), port, 'and free afterwards');
});
