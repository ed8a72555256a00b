/** The commands of the README and of the pages in docs, run by bash as they are written. Only addresses of strangers are replaced. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type SwarmChild, startSwarm } from '../../src/main/cli/runs/swarm-child.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { temporaryFolder } from '../support/cli.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { type Ended, runPageCommand } from '../support/page-command.ts';
import { CLI, ROOT } from '../support/paths.ts';
import { freePort } from '../support/processes.ts';
import { SOCKS_REPLY, socksServer } from '../support/socks-server.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { wire } from '../support/wire-bytes.ts';
import { type WirePeer, wirePeer } from '../support/wire-peer.ts';

const closers: (() => Promise<void>)[] = [];
after(() => Promise.all(closers.map((close) => close())));
checkLeaksAtEnd();
const PAGES = [
  'README.md',
  'docs/options.md',
  'docs/files.md',
  'docs/network.md',
  'docs/scripts.md',
  'docs/sharing.md',
  'docs/clusters.md',
  'docs/swarm.md',
];
const PIECE = 16_384;
const TIMEOUT_MS = 60_000;
/** Commands that run until they are stopped, and what they say when they have done something. */
const UNTIL_STOPPED = /^unchoke (?:watch|swarm|share)\b(?!.*--systemd)| --seed/;
const READY = /^(?:\[1\] complete: |swarm of |seeding |sharing )/m;
/** Commands that end with another status than 0: nobody sits at the terminal of a test, and an HTTP proxy carries no peers. */
const STATUSES: readonly (readonly [RegExp, number])[] = [
  [/ --choose$/, 2],
  [/ --proxy http:/, 4],
];
/** Other programs, which the tests of the package and the demo run. */
const NOT_OURS = /^(?:npm ci|npm run demo|npm pack && npm install --global \.\/unchoke-\*\.tgz)$/;

/** Blocks marked `sh`; each has its lines without comments. */
function blocksOf(page: string): string[][] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.replace(/ +# .*$/, '').trim())
      .filter((line) => line !== ''),
  );
}

const folder = temporaryFolder();
const bin = join(folder, 'bin');
/** Copied for each block, so that blocks do not meet. */
const model = join(folder, 'model');
const series = madeTorrent(
  ['a.mkv', 'b.mkv', 'c.mkv', 'notes.txt'].map((path) => ({ path, bytes: randomBytes(PIECE) })),
  PIECE,
  'series',
);
let replaced: readonly (readonly [string, string])[] = [];
let environment: NodeJS.ProcessEnv = {};

async function swarmOf(seed: number, torrent: string): Promise<SwarmChild> {
  const sizes = { payloadBytes: 2 ** 20, pieceBytes: 65_536, rate: 0, rttMs: 0 };
  const swarm = await startSwarm({ peers: 6, mix: 'seeds', seed, torrent, lifetimeMs: 900_000, ...sizes });
  closers.push(() => swarm.stop());
  return swarm;
}

/** The peers of the swarm have no metadata to give, and this one has nothing else. */
function metadataPeer(torrent: string): Promise<WirePeer> {
  const info = loadTorrent(torrent).info;
  const part = `d8:msg_typei1e5:piecei0e10:total_sizei${info.length}ee${Buffer.from(info).toString('latin1')}`;
  return wirePeer(
    {
      features: ['ext'],
      says: wire.extended(0, `d1:md11:ut_metadatai3ee13:metadata_sizei${info.length}ee`),
      hears: (id, [first], socket) => void (id === 20 && first === 3 && socket.write(wire.extended(1, part))),
    },
    '127.0.0.62',
  );
}

before(async () => {
  for (const path of [
    'bin',
    'model/Videos',
    'model/data',
    'model/torrents',
    'model/drop',
    'model/holiday',
    'model/Downloads',
  ])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(bin, 'unchoke'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  chmodSync(join(bin, 'unchoke'), 0o755);
  const { info } = await swarmOf(1, join(model, 'x.torrent'));
  await swarmOf(2, join(folder, 'other.torrent'));
  const torrent = readFileSync(join(model, 'x.torrent'));
  for (const copy of ['ubuntu.torrent', 'torrents/x.torrent', 'drop/x.torrent'])
    writeFileSync(join(model, copy), torrent);
  writeFileSync(join(model, 'series.torrent'), series.torrent);
  writeFileSync(join(model, 'list.txt'), `${join(folder, 'other.torrent')}\n`);
  const [, mean = ''] = /^```json\n(.*)\n/m.exec(readFileSync(join(ROOT, 'docs', 'swarm.md'), 'utf8')) ?? [];
  writeFileSync(join(model, 'mean.json'), mean);
  for (const file of ['holiday/IMG.JPG', 'Videos/talk.mp4', 'data/talk.mp4'])
    writeFileSync(join(model, file), randomBytes(PIECE));
  const seed = await torrentSeed(series, '127.0.0.61');
  const proxy = await socksServer(SOCKS_REPLY.done);
  const site = await httpServer(() => ({ body: torrent }));
  const knowing = await metadataPeer(join(model, 'x.torrent'));
  const knows = `--peer ${knowing.address}`;
  closers.push(seed.close, proxy.close, site.close, knowing.close);
  replaced = [
    ["'magnet:?xt=urn:btih:…'", `'magnet:?xt=urn:btih:${info.infoHash}&tr=${info.announce}' ${knows}`],
    ['c12fe1c06bba254a9dc9f519b335aa7c1367a88a', `${info.infoHash} --tracker ${info.announce} ${knows}`],
    ['series.torrent', `series.torrent --peer ${seed.address}`],
    ['http://t.example/announce', info.announce],
    ['https://example.com/x.torrent', site.announce],
    ['10.0.0.5:6881', info.oracle?.peer ?? ''],
    ['socks5://127.0.0.1:9050', proxy.url],
    ['http://127.0.0.1:8080', `http://127.0.0.1:${await freePort()} --first-unchoke-timeout 1ms`],
    ['--port 51413', `--port ${await freePort()}`],
    ['--duration 30s', '--duration 1s'],
  ];
  const { HOME: _, ...rest } = process.env;
  const kept = Object.entries(rest).filter(([name]) => !/^(?:XDG|UNCHOKE)_/.test(name));
  environment = {
    ...Object.fromEntries(kept),
    PATH: `${bin}:${process.env['PATH']}`,
    // Everything stays on this machine.
    UNCHOKE_NO_DHT: '1',
    UNCHOKE_NO_LSD: '1',
    UNCHOKE_NO_UTP: '1',
    UNCHOKE_NO_NAT: '1',
  };
});

/** Runs it like a user whose home is `home`, and who stops what does not end. */
function run(line: string, home: string): Promise<Ended> {
  return runPageCommand({
    line: replaced.reduce((text, [from, to]) => text.replaceAll(from, to), line),
    cwd: home,
    env: { ...environment, HOME: home },
    stopsAt: UNTIL_STOPPED.test(line) ? READY : null,
    timeoutMs: TIMEOUT_MS,
  });
}

describe('as they are written', { concurrency: 3 }, () => {
  for (const page of PAGES)
    for (const [number, lines] of blocksOf(page).entries())
      test(`${page}, block ${number + 1}: ${lines[0]}`, async () => {
        const home = mkdtempSync(join(folder, 'home-'));
        cpSync(model, home, { recursive: true });
        for (const line of lines) {
          if (NOT_OURS.test(line)) continue;
          assert.match(line, /(?:^|\| )unchoke /, 'a command that no test knows');
          const expected = STATUSES.find(([words]) => words.test(line))?.[1] ?? 0;
          const { status, text } = await run(line, home);
          assert.equal(status, expected, `${line}\n${text}`);
        }
      });
});

test('an unknown command, an unknown option and a wrong value would be noticed', async () => {
  for (const line of [
    'unchoke fetchh x.torrent',
    'unchoke get x.torrent --no-such-option',
    'unchoke get x.torrent --idle-timeout soon',
  ])
    assert.equal((await run(line, model)).status, 2, line);
});

test('every command is on one of the pages', () => {
  const shown = PAGES.flatMap((page) => blocksOf(page).flat()).join('\n');
  for (const command of [
    'get',
    'share',
    'watch',
    'race',
    'doctor',
    'bench',
    'verify',
    'inspect',
    'create',
    'swarm',
  ])
    assert.ok(shown.includes(`unchoke ${command} `), command);
});
