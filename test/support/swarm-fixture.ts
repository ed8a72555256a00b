/** A loopback swarm for one test, and its files. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SwarmChild, startSwarm } from '../../src/main/cli/runs/swarm-child.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';

const MIB = 2 ** 20;

export async function withSwarm<Result>(
  folder: string,
  options: {
    peers: number;
    mix: string;
    payloadBytes?: number;
    pieceBytes?: number;
    rate?: number;
    seed?: number;
  },
  work: (torrent: string, swarm: SwarmChild) => Promise<Result>,
): Promise<Result> {
  const torrent = join(folder, `s${Math.round(performance.now() * 1_000)}.torrent`);
  const swarm = await startSwarm({
    seed: 1,
    payloadBytes: 8 * MIB,
    pieceBytes: 131_072,
    rate: 0,
    rttMs: 0,
    torrent,
    lifetimeMs: 900_000,
    ...options,
  });
  try {
    return await work(torrent, swarm);
  } finally {
    await swarm.stop();
  }
}

export function assertPayload(torrent: string, path: string): void {
  const { pieceHashes, geometry } = loadTorrent(torrent);
  const bytes = readFileSync(path);
  assert.equal(bytes.length, geometry.totalLength);
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    const hash = createHash('sha1')
      .update(bytes.subarray(piece * geometry.pieceLength, (piece + 1) * geometry.pieceLength))
      .digest();
    assert.equal(hash.compare(pieceHashes, piece * 20, piece * 20 + 20), 0, `piece ${piece}`);
  }
}

export function mixFile(folder: string, name: string, mix: Record<string, number>): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(mix));
  return path;
}

/** Writes a file into the folder and returns its path. */
export function writeTo(folder: string, name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
