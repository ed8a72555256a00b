/** Clusters of real processes, with aria2 as the world outside: one copy together, strangers, kills, the barrier, and the recipes of docs/clusters.md. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { type CliResult, type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';
import { freePort } from '../support/processes.ts';
import { recipe } from '../support/recipes.ts';
import { aria2Seed, makeTorrent, type Seed } from '../support/seeds.ts';

const BYTES = 12 * 2 ** 20;
/** Slow enough that nodes meet while most is missing. */
const OUTSIDE_RATE = '1500K';
const folder = temporaryFolder();
const data = randomBytes(BYTES);
const torrent = join(folder, 'big.torrent');
let seed: Seed;
let port = 0;

before(async () => {
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'big.bin'), data);
  makeTorrent(join(folder, 'data', 'big.bin'), torrent, 16);
  const settings = { 'max-overall-upload-limit': OUTSIDE_RATE };
  seed = await aria2Seed({ torrent, folder: join(folder, 'data'), scratch: folder, settings });
  port = await freePort();
});
after(() => seed.stop());
checkLeaksAtEnd();

interface NodeOptions {
  readonly source?: string;
  readonly secret?: string | null;
  /** What is not that of all. */
  readonly args?: readonly string[];
}

/** A node of the cluster `name` at 127.1.`of`.`i`. */
function node(
  name: string,
  of: number,
  i: number,
  options: NodeOptions = {},
): RunningCli & { output: string } {
  const { source = torrent, secret = 'abc', args = [] } = options;
  const output = join(folder, `${name}-${i}`);
  const words = ['get', source, '-o', output, '--interface', `127.1.${of}.${i}`, '--port', String(port)];
  const nodes = ['--cluster', name, '--cluster-nodes', `127.1.${of}.1,127.1.${of}.2`];
  const outside = ['--peer', seed.address, '--no-pex', '--json'];
  const environment = secret === null ? [] : [`UNCHOKE_CLUSTER_SECRET=${secret}`];
  return { ...startCli([...words, ...nodes, ...outside, ...args], ['env', ...environment]), output };
}

interface Told {
  readonly nodes: number;
  readonly complete: number;
  readonly missing: readonly string[];
  readonly outsideBytes: number;
  readonly nodeBytes: number;
  readonly allOutsideBytes: number;
  readonly allNodeBytes: number;
}

function lastTold({ events }: CliResult): Told {
  const told = events.filter(({ type }) => type === 'cluster').at(-1);
  assert.ok(told !== undefined);
  return told as unknown as Told;
}

function assertWhole(output: string): void {
  assert.equal(Buffer.compare(readFileSync(join(output, 'big.bin')), data), 0);
}

/** Verified bytes of a line of progress. */
const bytesOf = (line: string): number => {
  const { type, bytes = 0 } = JSON.parse(line) as { readonly type: string; readonly bytes?: number };
  return type === 'progress' ? bytes : 0;
};

test('three nodes fetch one copy together, and end when all are complete', async () => {
  const nodes = [1, 2, 3].map((i) => node('one', 1, i, { args: ['--cluster-wait', '--cluster-size', '3'] }));
  const results = await Promise.all(nodes.map(({ ended }) => ended));
  for (const [i, result] of results.entries()) {
    assert.equal(result.status, 0, result.stderr);
    assertWhole(nodes[i]?.output ?? '');
    const told = lastTold(result);
    assert.equal(told.complete, 3);
  }
  // Until they meet, each may fetch what another fetches, too.
  const outside = Math.max(...results.map((result) => lastTold(result).allOutsideBytes));
  assert.ok(outside < 1.25 * BYTES, `${outside / BYTES} of the size from outside`);
  const inside = Math.max(...results.map((result) => lastTold(result).allNodeBytes));
  assert.ok(inside > 1.7 * BYTES, `${inside / BYTES} of the size from nodes`);
});

test('a stranger without the secret is told nothing, and is a peer like any other', async () => {
  const nodes = [1, 2].map((i) => node('closed', 2, i));
  const stranger = node('closed', 2, 3, { secret: 'wrong' });
  const [first, second, third] = await Promise.all([...nodes, stranger].map(({ ended }) => ended));
  for (const result of [first, second, third]) assert.equal(result?.status, 0, result?.stderr);
  for (const { output } of [...nodes, stranger]) assertWhole(output);
  assert.equal(
    third?.events.some((event) => event['type'] === 'cluster' && event['nodes'] !== 1),
    false,
  );
  assert.equal(
    [first, second].some((result) => result?.events.some((event) => event['nodes'] === 2)),
    true,
  );
  assert.equal(
    [first, second].some((result) => result?.events.some((event) => event['nodes'] === 3)),
    false,
  );
});

test('a node is killed: the others are complete, and it goes on later with what it had', async () => {
  const nodes = [1, 2, 3].map((i) => node('kill', 3, i));
  const [first, second, third] = nodes as [RunningCli, RunningCli, RunningCli & { output: string }];
  await third.line((line) => bytesOf(line) > BYTES / 3);
  third.child.kill('SIGKILL');
  assert.equal((await third.ended).signal, 'SIGKILL');
  const results = await Promise.all([first.ended, second.ended]);
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  for (const { output } of nodes.slice(0, 2)) assertWhole(output);
  const again = await node('kill', 3, 3).ended;
  assert.equal(again.status, 0, again.stderr);
  assertWhole(third.output);
});

test('--cluster-wait: a node that never comes fails the run in time, and is named', async () => {
  const args = ['--cluster-wait', '--cluster-timeout', '2s'];
  const result = await node('alone', 4, 1, { args }).ended;
  assert.equal(result.status, 4);
  assertWhole(join(folder, 'alone-1'));
  const error = result.events.find(({ type }) => type === 'error');
  assert.match(
    String(error?.['message']),
    new RegExp(`1 of 2 nodes are complete; not complete: 127.1.4.2:${port}`),
  );
  assert.deepEqual(lastTold(result).missing, [`127.1.4.2:${port}`]);
});

test('a magnet link, and a node that comes when the others are half done', async () => {
  const { infoHash } = loadTorrent(torrent);
  const magnet = `magnet:?xt=urn:btih:${Buffer.from(infoHash).toString('hex')}`;
  const first = node('late', 5, 1, { source: magnet });
  const second = node('late', 5, 2);
  await first.line((line) => bytesOf(line) > BYTES / 2);
  // It can reach a node, and nobody outside.
  const third = startCli([
    ...['get', magnet, '-o', join(folder, 'late-3'), '--interface', '127.1.5.3', '--port', String(port)],
    ...['--cluster', 'late', '--cluster-nodes', '127.1.5.1', '--json'],
    ...['--cluster-secret-file', join(folder, 'late.key')],
  ]);
  const results = await Promise.all([first.ended, second.ended, third.ended]);
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  for (const i of [1, 2, 3]) assertWhole(join(folder, `late-${i}`));
  assert.equal(lastTold(results[2] as CliResult).outsideBytes, 0);
});
before(() => writeFileSync(join(folder, 'late.key'), 'abc\n'));

/** Programs that stand in for others, in a folder for the path. */
function standIns(programs: Readonly<Record<string, string>>): string {
  const bin = join(folder, `bin-${Object.keys(programs).join('-')}`);
  mkdirSync(bin);
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** Each node gets its own address and folder; the world outside is the seed. */
const UNCHOKE = `exec "${process.execPath}" "${CLI}" "$@" --interface "$NODE" --port PORT --peer SEED --no-dht --no-lsd --no-utp --no-pex`;

for (const [heading, of, programs] of [
  [
    'Slurm:',
    6,
    {
      scontrol: 'printf "127.1.6.1\\n127.1.6.2\\n127.1.6.3\\n"',
      srun: 'shift; for node in 127.1.6.1 127.1.6.2 127.1.6.3; do NODE=$node "$@" & P="$P $!"; done; for p in $P; do wait $p || exit $?; done',
    },
  ],
  ['ssh:', 7, { ssh: 'export NODE=$1; shift; eval "$*"' }],
] as const)
  test(`the recipe for ${heading.slice(0, -1)} works as it is written`, async () => {
    const work = join(folder, `recipe-${of}`);
    mkdirSync(work);
    writeFileSync(join(work, 'model.torrent'), readFileSync(torrent));
    writeFileSync(join(work, 'cluster.key'), 'abc\n');
    // Without a place of its own each would write to the same folder.
    const own = UNCHOKE.replace('PORT', String(port)).replace('SEED', seed.address);
    const bin = standIns({
      ...programs,
      unchoke: own.replace('"$@"', `"\${@/#$LOCAL/$LOCAL-$NODE}"`),
    });
    const nodes = [1, 2, 3].map((i) => `127.1.${of}.${i}`);
    const script = `set -e; cd ${work}; export LOCAL=${work}/local NODES="${nodes.join(' ')}" SLURM_JOB_ID=1 SLURM_JOB_NODELIST=x\n${recipe(heading)}`;
    const { spawn } = await import('node:child_process');
    const child = spawn('bash', ['-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, XDG_STATE_HOME: work },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said += String(text);
      });
    const status = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(status, 0, said);
    for (const at of nodes) assertWhole(join(work, `local-${at}`));
  });
