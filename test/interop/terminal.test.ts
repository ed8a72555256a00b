/** `get` in a real terminal (tmux) of several widths, and in a pipe. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { withSwarm } from '../support/swarm-fixture.ts';

const folder = temporaryFolder();
/** A server of our own, that ends with the test. */
const tmux = (...args: string[]) => spawnSync('tmux', ['-L', 'unchoke-test', ...args], { encoding: 'utf8' });
after(() => tmux('kill-server'));
checkLeaksAtEnd();

const SWARM = { peers: 30, mix: 'seeds', payloadBytes: 2 ** 24, rate: 2 ** 17 };

async function untilShown(session: string, words: RegExp): Promise<string> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { stdout } = tmux('capture-pane', '-p', '-t', session);
    if (words.test(stdout)) return stdout;
    if (performance.now() > deadline) throw new Error(`not shown: ${words}\n${stdout}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

for (const columns of [60, 80, 140]) {
  test(`a terminal of ${columns} columns: one block, redrawn in its place, and the report after it`, () =>
    withSwarm(folder, SWARM, async (torrent) => {
      const session = `w${columns}`;
      const output = join(folder, session);
      const get = `${process.execPath} ${CLI} get ${torrent} -o ${output} --no-dht --no-lsd --no-utp; sleep 60`;
      tmux('new-session', '-d', '-s', session, '-x', String(columns), '-y', '30', get);
      const seen = await untilShown(session, /[1-9]\d\.\d %/);
      const lines = seen.split('\n').filter((line) => line !== '');
      assert.equal(lines.filter((line) => line.startsWith('pieces ')).length, 1, seen);
      assert.equal(lines.filter((line) => line.startsWith('peers ')).length, 1, seen);
      assert.match(seen, /^pieces {3}[ ░▒▓█]+$/m);
      assert.match(seen, /^peers {4}30 known ▸/m);
      for (const line of lines) assert.ok(line.length <= columns, line);
      const end = await untilShown(session, /complete and verified/);
      assert.ok(!/^pieces /m.test(end), 'the block is gone when it is over');
    }));
}

test('in a pipe: plain lines, no escape sequence', () =>
  withSwarm(folder, SWARM, async (torrent) => {
    const { stdout, stderr, status } = await runCli('get', torrent, '-o', join(folder, 'pipe'));
    assert.equal(status, 0);
    const escapeCode = String.fromCharCode(27);
    assert.ok(!`${stdout}${stderr}`.includes(escapeCode) && !stderr.includes('\r'));
    assert.match(stdout, /complete and verified/);
  }));
