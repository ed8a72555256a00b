/** Two thousand slow peers and pieces of 4 MiB: few slots for many peers. It completes within the promised memory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { assertPayload, withSwarm } from '../support/swarm-fixture.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;
const PEERS = 2_000;
/** Arena, 30 KB per peer, and 150 MB for Node, its threads and its heap. */
const MOST_RSS = 128 * MIB + PEERS * 30_000 + 150_000_000;

test(`${PEERS} peers at 20 KiB/s each, inside --memory 128M`, () =>
  withSwarm(
    folder,
    { peers: PEERS, mix: 'seeds', payloadBytes: 192 * MIB, pieceBytes: 4 * MIB, rate: 20_480 },
    async (torrent) => {
      const output = join(folder, 'slow');
      const flags = ['--memory', '128M', '--max-peers', '0', '--dial-rate', '0', '--half-open', '0'];
      const run = await runCli('get', torrent, '-o', output, '--json', ...flags);
      assert.equal(run.status, 0, run.stderr);
      assertPayload(torrent, join(output, 'swarm-1.bin'));
      const summary = run.events.at(-1) as unknown as { peakRssBytes: number; funnel: { gaveData: number } };
      assert.ok(summary.peakRssBytes < MOST_RSS, `${Math.round(summary.peakRssBytes / MIB)} MiB`);
      assert.ok(summary.funnel.gaveData > 0.8 * PEERS, `${summary.funnel.gaveData} peers had a part`);
    },
  ));
