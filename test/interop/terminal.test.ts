/** `get` in a real terminal (tmux) of several widths, and in a pipe. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { mixFile, withSwarm } from '../support/swarm-fixture.ts';
import { Terminal } from '../support/terminal.ts';

const folder = temporaryFolder();
const terminal = new Terminal('unchoke-test');
after(() => terminal.end());
checkLeaksAtEnd();

const SWARM = { peers: 30, mix: 'seeds', payloadBytes: 2 ** 24, rate: 2 ** 17 };
/** Not complete while a test looks at it. */
const SLOW_SWARM = { ...SWARM, rate: 2 ** 12 };

for (const columns of [60, 80, 140]) {
  test(`a terminal of ${columns} columns: one block, redrawn in its place, and the report after it`, () =>
    withSwarm(folder, SWARM, async (torrent) => {
      const session = `w${columns}`;
      const output = join(folder, session);
      const get = `${process.execPath} ${CLI} get ${torrent} -o ${output} --verbose --no-dht --no-lsd --no-utp; sleep 60`;
      terminal.start(session, get, columns);
      // Shards report the fastest peers once a second. The percentage counts unfinished pieces, and the map of pieces does not.
      const shown = /[1-9]\d\.\d %[\s\S]*^pieces {3}.*[░▒▓█][\s\S]*^fastest {2}\d+\.\d KiB/m;
      const seen = await terminal.untilShown(session, shown);
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

test('help, settings, the doctor and the race in 60 and 80 columns: the terminal breaks no line', () =>
  withSwarm(folder, { ...SWARM, mix: 'wild' }, async (torrent) => {
    const options = '--no-dht --no-lsd --no-utp';
    const commands = [
      '--help',
      'get --help-all',
      'config',
      `doctor ${torrent} ${options} --no-trackers`,
      `race ${torrent} ${options} --until first-unchoke`,
    ];
    const runs = [60, 80].flatMap((columns) => commands.map((command) => ({ columns, command })));
    for (const [i, { columns, command }] of runs.entries()) {
      const run = `XDG_CONFIG_HOME=/none ${process.execPath} ${CLI} ${command}`;
      terminal.start(`fit${i}`, `${run}; echo end; sleep 60`, columns);
    }
    for (const [i, { columns, command }] of runs.entries()) {
      await terminal.untilShown(`fit${i}`, /^end $/m);
      const [shown, whole] = [false, true].map((joined) =>
        terminal.history(`fit${i}`, joined).replaceAll(/ +$/gm, ''),
      );
      assert.equal(shown, whole, `${command} in ${columns} columns`);
      terminal.close(`fit${i}`);
    }
  }));

test('the doctor shows how long it still looks, and its verdict is above the figures', () =>
  withSwarm(
    folder,
    { ...SWARM, mix: mixFile(folder, 'mean.json', { 'never-unchokes': 1 }) },
    async (torrent) => {
      const doctor = `${process.execPath} ${CLI} doctor ${torrent} --for 4s --no-dht --no-lsd --no-utp`;
      terminal.start('doctor', `${doctor}; echo end; sleep 60`, 60);
      await terminal.untilShown('doctor', /^looking for up to 4 s: [1-4] s left \nno peer sends yet, /m);
      const end = await terminal.untilShown('doctor', /^end $/m);
      assert.ok(!end.includes('looking for'), 'the countdown is gone when it is over');
      assert.match(terminal.history('doctor', true), /^No block arrived\. [\s\S]*^addresses +30 /m);
    },
  ));

test('the files are chosen with keys, and only the chosen ones are downloaded', () =>
  withSwarm(folder, SWARM, async (torrent) => {
    const choose = `${process.execPath} ${CLI} get ${torrent} -o ${join(folder, 'chosen')} --choose --no-dht --no-lsd --no-utp`;
    terminal.start('chosen', `${choose}; echo status $?; sleep 60`, 80);
    await terminal.untilShown('chosen', /❯ ◼ {3}16\.0 MiB {2}swarm-1\.bin\n1 of 1 file, 16\.0 MiB\n/);
    // Nothing is chosen then, which is not enough.
    terminal.type('chosen', 'a', 'Enter');
    await terminal.untilShown('chosen', /❯ ◻ {3}16\.0 MiB[\s\S]*choose at least one file/);
    // A search, and its end with Escape, end nothing else.
    terminal.type('chosen', '/kj', 'Escape');
    await terminal.untilShown('chosen', /❯ ◻[\s\S]*^0 of 1 file, 0 B$/m);
    terminal.type('chosen', ' ', 'Enter');
    const end = await terminal.untilShown('chosen', /selected: 1 of 1 file, 16\.0 MiB[\s\S]*status 0/);
    assert.doesNotMatch(end, /◼|◻/, 'what was asked is gone');
    terminal.start('cancelled', `${choose.replace('chosen', 'cancelled')}; echo status $?; sleep 60`, 80);
    await terminal.untilShown('cancelled', /◼ .*swarm-1\.bin/);
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

/** A shell with job control; what it shows of the modes of the terminal is compared. */
async function shellIn(session: string): Promise<() => Promise<void>> {
  terminal.start(session, `PS1='$ ' bash --norc --noprofile`, 80);
  await terminal.untilShown(session, /^\$ $/m);
  const before = join(folder, `${session}-modes`);
  terminal.type(session, `stty -a > ${before}`, 'Enter');
  return async () => {
    terminal.type(session, `clear; stty -a | diff - ${before} && echo same modes`, 'Enter');
    await terminal.untilShown(session, /^same modes$/m);
  };
}

const slowly = (torrent: string, output: string): string =>
  `${process.execPath} ${CLI} get ${torrent} -o ${join(folder, output)} --no-dht --no-lsd --no-utp`;
const BLOCK = /^[━─]+$/m;
const DETAILS = /^threads {2}/m;

test('keys: details and help are shown and hidden, and q ends in order', () =>
  withSwarm(folder, SLOW_SWARM, async (torrent) => {
    const modesAreSame = await shellIn('keys');
    terminal.type('keys', slowly(torrent, 'keys'), 'Enter');
    await terminal.untilShown('keys', BLOCK);
    terminal.press('keys', 'v');
    await terminal.untilShown('keys', DETAILS);
    terminal.press('keys', 'Up');
    terminal.press('keys', '?');
    const helped = await terminal.untilShown('keys', /^keys: v hides details/m);
    assert.match(helped, DETAILS);
    terminal.press('keys', 'v');
    terminal.press('keys', 'h');
    await terminal.untilShown('keys', /\(30 known\)\s*$/);
    terminal.press('keys', 'q');
    await terminal.untilShown('keys', /^interrupted at [\s\S]*^\$ $/m);
    terminal.type('keys', 'echo status $?', 'Enter');
    await terminal.untilShown('keys', /^status 130$/m);
    await modesAreSame();
  }));

test('keys: Ctrl-C and Ctrl-Z do what they do; after fg the block is back, below what was written meanwhile', () =>
  withSwarm(folder, SLOW_SWARM, async (torrent) => {
    const modesAreSame = await shellIn('stopped');
    terminal.type('stopped', slowly(torrent, 'stopped'), 'Enter');
    await terminal.untilShown('stopped', BLOCK);
    terminal.press('stopped', 'C-z');
    const stopped = await terminal.untilShown('stopped', /^\[1\]\+ {2}Stopped/m);
    assert.doesNotMatch(stopped, BLOCK);
    await modesAreSame();
    terminal.type('stopped', 'echo meanwhile; fg', 'Enter');
    await terminal.untilShown('stopped', /^meanwhile\n[\s\S]*^[━─]+$/m);
    terminal.press('stopped', 'v');
    await terminal.untilShown('stopped', DETAILS);
    terminal.press('stopped', 'C-c');
    await terminal.untilShown('stopped', /^interrupted at [\s\S]*^\$ $/m);
    await modesAreSame();
  }));

test('a job in the background is not stopped and draws nothing; in the foreground it does, with keys', () =>
  withSwarm(folder, SLOW_SWARM, async (torrent) => {
    const modesAreSame = await shellIn('job');
    terminal.type('job', `${slowly(torrent, 'job')} &`, 'Enter');
    await terminal.untilShown('job', /first unchoke/);
    terminal.type('job', 'clear; jobs', 'Enter');
    assert.doesNotMatch(await terminal.untilShown('job', /^\[1\]\+ {2}Running/m), BLOCK);
    terminal.type('job', 'fg', 'Enter');
    await terminal.untilShown('job', BLOCK);
    terminal.press('job', 'v');
    await terminal.untilShown('job', DETAILS);
    terminal.press('job', 'C-z');
    await terminal.untilShown('job', /^\[1\]\+ {2}Stopped/m);
    terminal.type('job', 'clear; bg; kill %1; wait %1; echo status $?', 'Enter');
    await terminal.untilShown('job', /^status 130$/m);
    await modesAreSame();
  }));

test('a signal that ends the process at once: the terminal has its modes back', () =>
  withSwarm(folder, SLOW_SWARM, async (torrent) => {
    const modesAreSame = await shellIn('killed');
    const [script, pid] = [join(folder, 'killed.sh'), join(folder, 'killed.pid')];
    const run = `sh -c 'echo $$ > ${pid}; exec ${slowly(torrent, 'killed')}'`;
    // This shell restores no modes itself.
    writeFileSync(script, `${run}\necho status $?\nstty -a\necho end\n`);
    terminal.type('killed', `sh ${script}`, 'Enter');
    await terminal.untilShown('killed', BLOCK);
    terminal.press('killed', 'v');
    await terminal.untilShown('killed', DETAILS);
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGQUIT');
    await terminal.untilShown('killed', /^status 131$[\s\S]* icanon [\s\S]* echo [\s\S]*^end$/m);
    await modesAreSame();
  }));

/** The time that the block shows. */
function secondsOf(screen: string): number {
  return Number(/ in ([\d.]+) s, /.exec(screen)?.[1]);
}

test('a terminal that becomes narrower and wider: one block, and nothing of the old ones', () =>
  withSwarm(folder, SLOW_SWARM, async (torrent) => {
    terminal.start('narrow', `${slowly(torrent, 'narrow')} --verbose; sleep 60`, 120);
    await terminal.untilShown('narrow', DETAILS);
    for (const columns of [60, 80, 45, 120]) {
      terminal.resize('narrow', columns);
      const bar = Math.min(60, columns - 1);
      const drawn = new RegExp(`^swarm-1[^\\n]*\\n[━─]{${bar}}\\n[\\s\\S]*${DETAILS.source}`, 'm');
      const seen = await terminal.untilShown('narrow', drawn);
      assert.equal([...seen.matchAll(/^swarm-1\.bin {2}\d/gm)].length, 1, seen);
      assert.equal([...seen.matchAll(/^[━─]+$/gm)].length, 1, seen);
      assert.equal([...seen.matchAll(/^threads /gm)].length, 1, seen);
      // tmux reports a size at most every quarter of a second; before that, no program knows how its lines stand.
      const then = secondsOf(seen);
      await terminal.untilShown('narrow', { test: (shown) => secondsOf(shown) >= then + 1 });
    }
  }));

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
