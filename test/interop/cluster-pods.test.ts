/** The recipes for Kubernetes and docker compose: one name for all nodes, each with a network of its own, and one that begins late. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI, ROOT } from '../support/paths.ts';
import { recipe } from '../support/recipes.ts';
import { makeTorrent } from '../support/seeds.ts';

checkLeaksAtEnd();
const BYTES = 12 * 2 ** 20;
const PODS = 4;
/** Slow enough that nodes meet while most is missing. */
const OUTSIDE = { limit: 1_500_000 };
const folder = temporaryFolder();
/** All that runs in it ends with it. */
const APART = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
const mayMakeNamespaces = spawnSync('unshare', [...APART, 'true']).status === 0;

for (const heading of ['Kubernetes:', 'docker compose:'])
  test(`the recipe for ${heading.slice(0, -1)} works as it is written`, {
    skip: !mayMakeNamespaces,
  }, async () => {
    const work = join(folder, heading);
    const [data, bin] = [join(work, 'outside'), join(work, 'bin')];
    for (const path of [data, bin]) mkdirSync(path, { recursive: true });
    const content = randomBytes(BYTES);
    writeFileSync(join(data, 'model.bin'), content);
    const torrent = join(work, 'model.torrent');
    makeTorrent(join(data, 'model.bin'), torrent, 16);
    // The seed is all that there is outside; a pod without a way out finds nobody else anyway.
    const own = `exec "${process.execPath}" "${CLI}" "$@" --peer SEED --no-dht --no-lsd --no-pex --json`;
    // Four pods of one machine: a folder for each, and their number.
    const command = recipe(heading)
      .replace('/data', '"$POD"')
      .replace(/--cluster-size \d+/, `--cluster-size ${PODS}`)
      .replace('unchoke', './bin/unchoke "$1"');
    writeFileSync(join(bin, 'unchoke'), `#!/bin/sh\nseed=$1\nshift\n${own.replace('SEED', '"$seed"')}`);
    chmodSync(join(bin, 'unchoke'), 0o755);
    const script = join(ROOT, 'test', 'interop', 'clients', 'pods-namespace.sh');
    const order = [work, torrent, data, JSON.stringify(OUTSIDE), `${PODS}`, process.execPath];
    const child = spawn('unshare', [...APART, 'sh', script, ...order, `set -- SEED\n${command}`], {
      cwd: work,
      env: { ...process.env, UNCHOKE_CLUSTER_SECRET: 'abc' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (errors += String(text)));
    const status = await new Promise((resolve) => child.once('close', resolve));
    const said = (of: string): string =>
      existsSync(join(work, of)) ? readFileSync(join(work, of), 'utf8') : '';
    const outputs = Array.from({ length: PODS }, (_, i) => `pod-${i + 1}`);
    assert.equal(status, 0, [errors, ...outputs.map((pod) => said(`${pod}.err`))].join('\n'));
    const told = outputs.map((pod) => {
      assert.ok(readFileSync(join(work, pod, 'model.bin')).equals(content), pod);
      const events = said(`${pod}.out`).trim().split('\n');
      const last = events.findLast((line) => line.includes('"type":"cluster"')) ?? '{}';
      return JSON.parse(last) as Readonly<Record<'complete' | 'allOutsideBytes', number>>;
    });
    assert.deepEqual(
      told.map(({ complete }) => complete),
      outputs.map(() => PODS),
    );
    const outside = Math.max(...told.map(({ allOutsideBytes }) => allOutsideBytes));
    assert.ok(outside < 1.25 * BYTES, `${outside / BYTES} of the size from outside`);
  });
