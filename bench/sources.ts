/** The peers of a benchmark: real libtorrent seeds behind a small tracker, or the peers of the swarm. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startSwarm } from '../src/main/cli/runs/swarm-child.ts';
import { loadTorrent } from '../src/main/torrent/load.ts';
import { CLI } from '../test/support/paths.ts';
import { libtorrentSeed } from '../test/support/seeds.ts';
import { assertPayload } from '../test/support/swarm-fixture.ts';
import { NAMESPACE_NETWORK } from './namespace.ts';
import { writePayload } from './payload.ts';

/** What is downloaded. */
export interface Content {
  readonly bytes: number;
  readonly pieceBytes: number;
  readonly files: number;
}

/** Peers that are up. */
export interface Source {
  readonly torrent: string;
  /** Throws Error if the folder does not hold the peers' content. */
  check(output: string): void;
  stop(): Promise<void>;
}

export const VERSIONS = ['v1', 'v2', 'hybrid'] as const;
export type Version = (typeof VERSIONS)[number];

/** Starts this many peers with the whole content. */
export type Sources = (peers: number, version: Version) => Promise<Source>;

const LIFETIME_MS = 1_800_000;

/** Seeds on 10.0.0.x in our own namespace, or on 127.0.0.x. The content is made once. */
export function libtorrentSources(content: Content, scratch: string, inNamespace: boolean): Sources {
  const folder = join(scratch, 'source');
  const name = content.files === 1 ? 'payload.bin' : 'payload';
  const network = `${inNamespace ? NAMESPACE_NETWORK : 127}.0.0`;
  let isMade = false;
  return async (peers, version) => {
    const tracker = await openTracker(`${network}.1`);
    if (!isMade) writeContent(content, folder, name);
    isMade = true;
    const torrent = join(scratch, `payload-${peers}-${version}.torrent`);
    const make = [
      `--${version}`,
      '--piece-length',
      String(content.pieceBytes),
      '--tracker',
      tracker.announce,
    ];
    execFileSync(process.execPath, [CLI, 'create', join(folder, name), '-o', torrent, '--quiet', ...make]);
    const seeds = await Promise.all(
      Array.from({ length: peers }, (_, i) =>
        libtorrentSeed({ torrent, folder, scratch }, `${network}.${i + 2}`),
      ),
    );
    tracker.name(seeds.map(({ address }) => address));
    return {
      torrent,
      check: (output) => {
        const { status, stdout } = spawnSync('diff', ['-rq', join(folder, name), join(output, name)]);
        if (status !== 0) throw new Error(`wrong output: ${String(stdout).slice(0, 500)}`);
      },
      stop: async () => {
        await Promise.all(seeds.map((seed) => seed.stop()));
        tracker.close();
      },
    };
  };
}

/** One process with this many peers, all seeds; its content is computed, one file. */
export function swarmSources({ bytes, pieceBytes }: Content, scratch: string, inNamespace: boolean): Sources {
  return async (peers) => {
    const torrent = join(scratch, `swarm-${peers}.torrent`);
    const swarm = await startSwarm({
      ...{ peers, seed: 1, mix: 'seeds', payloadBytes: bytes, pieceBytes },
      ...{ rate: 0, rttMs: 0, torrent, lifetimeMs: LIFETIME_MS },
      ...(inNamespace ? { network: NAMESPACE_NETWORK } : {}),
    });
    return {
      torrent,
      check: (output) => assertPayload(torrent, join(output, loadTorrent(torrent).name)),
      stop: () => swarm.stop(),
    };
  };
}

function writeContent({ bytes, files }: Content, folder: string, name: string): void {
  mkdirSync(files === 1 ? folder : join(folder, name), { recursive: true });
  if (files === 1) return writePayload(join(folder, name), bytes);
  for (let i = 0; i < files; i++)
    writePayload(join(folder, name, `${String(i).padStart(3, '0')}.bin`), Math.floor(bytes / files));
}

/** A tracker that returns the current peers to every client (BEP 23). */
async function openTracker(host: string) {
  let peers = Buffer.alloc(0);
  const server = createServer((_, response) => {
    const head = `d8:intervali1800e5:peers${peers.length}:`;
    response.end(Buffer.concat([Buffer.from(head), peers, Buffer.from('e')]));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    announce: `http://${host}:${(server.address() as AddressInfo).port}/announce`,
    name: (addresses: readonly string[]) => {
      peers = Buffer.concat(addresses.map(compact));
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function compact(address: string): Buffer {
  const [host, port] = address.split(':') as [string, string];
  return Buffer.from([...host.split('.').map(Number), Number(port) >> 8, Number(port) & 0xff]);
}
