/** The programs in examples/, run like a user runs them: each in its own process, with the built package. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ROOT } from '../support/paths.ts';
import { assertPayload, withSwarm } from '../support/swarm-fixture.ts';

checkLeaksAtEnd();
const MIB = 2 ** 20;
const folder = temporaryFolder();
const SETTINGS = JSON.stringify({
  dht: false,
  lsd: false,
  utp: false,
  journalKey: join(folder, 'journal.key'),
});

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(name: string, ...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const program = join(ROOT, 'examples', name);
    execFile(process.execPath, [program, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('download.mjs shows progress and ends with the path; an error has its code', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: 2 * MIB, rate: MIB }, async (torrent) => {
    const output = join(folder, 'a');
    const { status, stdout, stderr } = await run('download.mjs', torrent, output, SETTINGS);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /2\.0 MiB in 1 file/);
    assert.match(stdout, /first unchoke from 127\./);
    assert.match(stdout, /of 2\.0 MiB, .* peers/);
    assertPayload(torrent, /complete: (.*), 2\.0 MiB/.exec(stdout)?.[1] ?? '');
    const failed = await run('download.mjs', join(folder, 'none.torrent'));
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /^bad-torrent: /);
  }));

test('several.mjs downloads all that it can', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: MIB }, (first) =>
    withSwarm(folder, { peers: 6, mix: 'seeds', seed: 2, payloadBytes: MIB }, async (second) => {
      const none = join(folder, 'none.torrent');
      const { status, stdout, stderr } = await run(
        'several.mjs',
        join(folder, 'b'),
        SETTINGS,
        first,
        none,
        second,
      );
      assert.equal(status, 1);
      assert.match(stderr, /^failed: .*none\.torrent: bad-torrent: /);
      const paths = [...stdout.matchAll(/^complete: .* in (.*)$/gm)].map(([, path]) => path as string);
      assert.equal(paths.length, 2, stdout);
      for (const torrent of [first, second])
        assert.ok(
          paths.some((path) => isPayload(torrent, path)),
          `${torrent} is not among ${paths.join(', ')}`,
        );
    }),
  ));

test('part.mjs ends in time, and resumes when it is called again', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: 2 * MIB, rate: MIB }, async (torrent) => {
    const output = join(folder, 'c');
    const early = await run('part.mjs', torrent, output, '0.001', '*.bin', SETTINGS);
    assert.equal(early.status, 75, early.stderr);
    assert.match(early.stdout, /not complete yet/);
    const { status, stdout, stderr } = await run('part.mjs', torrent, output, '50', '*.bin', SETTINGS);
    assert.equal(status, 0, stderr);
    assertPayload(torrent, /complete: (.*), \d+ of 2097152 bytes/.exec(stdout)?.[1] ?? '');
  }));

function isPayload(torrent: string, path: string): boolean {
  try {
    assertPayload(torrent, path);
    return true;
  } catch {
    return false;
  }
}
