/** What progress says while a download runs, against the loopback swarm. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { withSwarm } from '../support/swarm-fixture.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;

test('with large pieces on a slow line, progress says what has arrived before a piece is whole', () =>
  withSwarm(
    folder,
    { peers: 1, mix: 'seeds', payloadBytes: 4 * MIB, pieceBytes: 4 * MIB, rate: 2 * MIB },
    async (torrent) => {
      const run = await runCli('get', torrent, '-o', join(folder, 'large'), '--json');
      assert.equal(run.status, 0, run.stderr);
      const seen = run.events.filter(({ pendingBytes }) => pendingBytes !== undefined) as {
        [name in 'bytes' | 'pendingBytes' | 'totalBytes']: number;
      }[];
      const waiting = seen.filter(({ bytes }) => bytes === 0).map(({ pendingBytes }) => pendingBytes);
      assert.ok(new Set(waiting).size > 2, `it grows: ${waiting.join()}`);
      assert.deepEqual(
        waiting,
        waiting.toSorted((a, b) => a - b),
      );
      for (const { bytes, pendingBytes, totalBytes } of seen) assert.ok(bytes + pendingBytes <= totalBytes);
    },
  ));
