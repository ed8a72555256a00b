/** `get` in a real terminal (tmux) of several widths, and in a pipe. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { withSwarm } from '../support/swarm-fixture.ts';
import { Terminal } from '../support/terminal.ts';

const folder = temporaryFolder();
const terminal = new Terminal('unchoke-test');
after(() => terminal.end());
checkLeaksAtEnd();

const SWARM = { peers: 30, mix: 'seeds', payloadBytes: 2 ** 24, rate: 2 ** 17 };

for (const columns of [60, 80, 140]) {
  test(`a terminal of ${columns} columns: one block, redrawn in its place, and the report after it`, () =>
    withSwarm(folder, SWARM, async (torrent) => {
      const session = `w${columns}`;
      const output = join(folder, session);
      const get = `${process.execPath} ${CLI} get ${torrent} -o ${output} --verbose --no-dht --no-lsd --no-utp; sleep 60`;
      terminal.start(session, get, columns);
      // Shards report the fastest peers once a second.
      const seen = await terminal.untilShown(session, /[1-9]\d\.\d %[\s\S]*^fastest {2}\d+\.\d KiB/m);
      const lines = seen.split('\n').filter((line) => line !== '');
      assert.equal(lines.filter((line) => line.startsWith('pieces ')).length, 1, seen);
      assert.equal(lines.filter((line) => /^━+─*$/.test(line)).length, 1, seen);
      assert.match(seen, /^pieces {3}[ ░▒▓█]+$/m);
      assert.match(seen, /^30 peers unchoked us \(30 known\)$/m);
      assert.match(seen, /^fastest {2}\d+\.\d KiB\/s 127\.16\.\d+\.\d+/m);
      for (const line of lines) assert.ok(line.length <= columns, line);
      const end = await terminal.untilShown(session, /complete: /);
      assert.ok(!/^pieces /m.test(end), 'the block is gone when it is over');
      for (const line of end.split('\n')) assert.ok(line.length <= columns, line);
    }));
}

test('the files are chosen with keys, and only the chosen ones are downloaded', () =>
  withSwarm(folder, SWARM, async (torrent) => {
    const choose = `${process.execPath} ${CLI} get ${torrent} -o ${join(folder, 'chosen')} --choose --no-dht --no-lsd --no-utp`;
    terminal.start('chosen', `${choose}; echo status $?; sleep 60`, 80);
    await terminal.untilShown('chosen', /◼ swarm-1\.bin \(16\.0 MiB\)/);
    // Nothing is chosen then, which is not enough.
    terminal.type('chosen', ' ', 'Enter');
    await terminal.untilShown('chosen', /at least one option/);
    terminal.type('chosen', ' ', 'Enter');
    await terminal.untilShown('chosen', /selected: 1 of 1 file, 16\.0 MiB[\s\S]*status 0/);
    terminal.start('cancelled', `${choose.replace('chosen', 'cancelled')}; echo status $?; sleep 60`, 80);
    await terminal.untilShown('cancelled', /◼ swarm-1\.bin/);
    terminal.type('cancelled', '', 'C-c');
    await terminal.untilShown('cancelled', /no files were chosen; nothing was downloaded\s+status 130/);
    assert.equal(existsSync(join(folder, 'cancelled')), false);
  }));

test('three sources in one terminal: one block each, in order, and one line each at the end', () =>
  withSwarm(folder, SWARM, (one) =>
    withSwarm(folder, { ...SWARM, seed: 2 }, (two) =>
      withSwarm(folder, { ...SWARM, seed: 3 }, async (three) => {
        const sources = [one, two, three].join(' ');
        const get = `${process.execPath} ${CLI} get ${sources} -o ${join(folder, 'three')} --no-dht --no-lsd --no-utp`;
        terminal.start('three', `${get}; sleep 60`);
        const titles = (text: string) =>
          [...text.matchAll(/^\[(\d)\] swarm-\d\.bin {2}[\d.]+ %/gm)].map((match) => match[1]);
        const seen = await terminal.untilShown('three', /(?:^\[\d\] swarm-\d\.bin {2}[1-9][\s\S]*){3}/m);
        assert.deepEqual(titles(seen).sort(), ['1', '2', '3'], seen);
        assert.equal([...seen.matchAll(/^[━─]+$/gm)].length, 3, seen);
        const end = await terminal.untilShown('three', /3 of 3 complete/);
        assert.equal([...end.matchAll(/^\[\d\] complete: /gm)].length, 3, end);
        assert.deepEqual(titles(end), []);
      }),
    ),
  ));

test('a terminal that is closed: the run ends in order, with its status', () =>
  withSwarm(folder, SWARM, async (torrent) => {
    const status = join(folder, 'status');
    const get = `${process.execPath} ${CLI} get ${torrent} -o ${join(folder, 'closed')} --no-dht --no-lsd --no-utp`;
    // It passes the hangup on, as a shell does, and then reports the result.
    const told = `echo $? > ${status}.new; mv ${status}.new ${status}`;
    terminal.start('closed', `trap 'kill -HUP $!' HUP; ${get} & wait $!; wait $!; ${told}`);
    await terminal.untilShown('closed', /[1-9]\d\.\d %/);
    terminal.close('closed');
    const deadline = performance.now() + 10_000;
    while (!existsSync(status) && performance.now() < deadline) await setTimeout(50);
    assert.equal(readFileSync(status, 'utf8'), '130\n');
    assert.ok(existsSync(join(folder, 'closed', 'swarm-1.bin.unchoke')), 'its journal is written');
  }));

test('in a pipe: plain lines, no escape sequence', () =>
  withSwarm(folder, SWARM, async (torrent) => {
    const { stdout, stderr, status } = await runCli('get', torrent, '-o', join(folder, 'pipe'));
    assert.equal(status, 0);
    const escapeCode = String.fromCharCode(27);
    assert.ok(!`${stdout}${stderr}`.includes(escapeCode) && !stderr.includes('\r'));
    assert.match(stdout, /complete: /);
  }));
