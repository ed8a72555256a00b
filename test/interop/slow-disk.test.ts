/** A disk that takes seconds for each write, made with strace: every positioned write of a storage thread is delayed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { withSwarm } from '../support/swarm-fixture.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
/** Longer than the time after which a download without progress says why. */
const DELAY_US = 13_000_000;
/** `-D`: a kill hits the download, not strace. */
const SLOW = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64'];

test('writes of thirteen seconds: get says that the disk is slow, with the memory that waits for it', () =>
  withSwarm(
    folder,
    { peers: 3, mix: 'seeds', payloadBytes: 2 ** 24, pieceBytes: 2 ** 18 },
    async (torrent) => {
      const running = startCli(
        ['get', torrent, '-o', join(folder, 'slow'), '--memory', '2M', '--json'],
        [...SLOW, '-e', `inject=pwrite64:delay_enter=${DELAY_US}`],
      );
      const line = await running.line((text) => text.includes('"diagnosis"'));
      running.child.kill('SIGKILL');
      const { code, text } = JSON.parse(line) as { code: string; text: string };
      assert.equal(code, 'disk-slow', line);
      assert.match(text, /[12]\.\d MiB of 2\.0 MiB are waiting to be written/);
      await running.ended;
    },
  ));
