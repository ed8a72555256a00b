/** Clusters of real processes that fetch a plain URL from nginx, with and without the hash of the whole file. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CliResult, type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { nginx } from '../support/nginx.ts';
import { freePort } from '../support/processes.ts';

const BYTES = 12 * 2 ** 20 + 17;
/** Of each answer: slow enough that nodes meet while most is missing. */
const RATE = '250k';
const folder = temporaryFolder();
const www = join(folder, 'www');
const data = randomBytes(BYTES);
const sha256 = createHash('sha256').update(data).digest('hex');
/** What nodes have begun before they meet is fetched twice, however large the file is: of this one it is little. */
const large = randomBytes(40 * 2 ** 20 + 17);
let server: Awaited<ReturnType<typeof nginx>>;
let port = 0;

before(async () => {
  mkdirSync(www);
  writeFileSync(join(www, 'big file.bin'), data);
  writeFileSync(join(www, 'large.bin'), large);
  server = await nginx(folder, www, RATE);
  port = await freePort();
});
after(() => server.stop());
checkLeaksAtEnd();

/** The node at 127.4.`of`.`i`, of two or three. */
function node(of: number, i: number, ...more: readonly string[]): RunningCli & { output: string } {
  return nodeFor('big%20file.bin', of, i, ...more);
}

function nodeFor(
  name: string,
  of: number,
  i: number,
  ...more: readonly string[]
): RunningCli & { output: string } {
  const output = join(folder, `${of}-${i}`);
  const nodes = `127.4.${of}.1,127.4.${of}.2,127.4.${of}.3`;
  const run = startCli(
    [
      ...['get', `${server.base}/${name}`, '-o', output, '--json', '--no-utp'],
      ...['--interface', `127.4.${of}.${i}`, '--port', String(port)],
      ...['--cluster', 'url', '--cluster-nodes', nodes, '--shards', '1', ...more],
    ],
    ['env', `XDG_STATE_HOME=${join(folder, `state-${of}-${i}`)}`],
  );
  return { ...run, output };
}

function assertWhole({ output }: { readonly output: string }): void {
  assert.equal(Buffer.compare(readFileSync(join(output, 'big file.bin')), data), 0);
}

interface Told {
  readonly outsideBytes: number;
  readonly nodeBytes: number;
}

function toldBy({ events }: CliResult): Told {
  const told = events.filter(({ type }) => type === 'cluster').at(-1);
  assert.ok(told !== undefined);
  return told as unknown as Told;
}

/** Verified bytes of a line of progress. */
const bytesOf = (line: string): number => {
  const { type, bytes = 0 } = JSON.parse(line) as { readonly type: string; readonly bytes?: number };
  return type === 'progress' ? bytes : 0;
};

/** Bytes from outside in a line about the cluster. */
const outsideIn = (line: string): number => {
  const { type, outsideBytes = 0 } = JSON.parse(line) as { readonly type: string } & Partial<Told>;
  return type === 'cluster' ? outsideBytes : 0;
};

test('with the SHA-256 of the file, three nodes fetch one copy together and check the whole', async () => {
  const hash = createHash('sha256').update(large).digest('hex');
  const nodes = [1, 2, 3].map((i) => nodeFor('large.bin', 1, i, '--cluster-wait', '--sha256', hash));
  const results = await Promise.all(nodes.map(({ ended }) => ended));
  for (const result of results) assert.equal(result.status, 0, result.stderr);
  for (const { output } of nodes)
    assert.equal(Buffer.compare(readFileSync(join(output, 'large.bin')), large), 0);
  const outside = results.map((result) => toldBy(result).outsideBytes / large.length);
  assert.ok(
    outside.every((part) => part > 0.1),
    `each has a share: ${outside.join(', ')}`,
  );
  const all = outside.reduce((sum, part) => sum + part, 0);
  assert.ok(all < 1.5, `${all} of the size from outside`);
});

test('without it one node fetches all; it is killed, another one goes on, and it comes back', async () => {
  const nodes = [1, 2, 3].map((i) => node(2, i));
  const fetches = async (one: (typeof nodes)[number]): Promise<typeof one> => {
    await one.line((line) => outsideIn(line) > 0);
    return one;
  };
  const maker = await Promise.any(nodes.map(fetches));
  const others = nodes.filter((one) => one !== maker);
  await others[0]?.line((line) => bytesOf(line) > 0.6 * BYTES);
  maker.child.kill('SIGKILL');
  assert.equal((await maker.ended).signal, 'SIGKILL');
  const results = await Promise.all(others.map(({ ended }) => ended));
  for (const result of results) assert.equal(result.status, 0, result.stderr);
  for (const one of others) assertWhole(one);
  const outside = results.map((result) => toldBy(result).outsideBytes);
  assert.equal(outside.filter((bytes) => bytes > 0).length, 1, `only one went on: ${outside.join(', ')}`);
  assert.match(
    results.map(({ stderr }) => stderr).join(''),
    /is gone: this node fetches the rest and makes its hashes/,
  );
  // What it had was verified by hashes of its own, which it still knows.
  const again = await node(2, nodes.indexOf(maker) + 1).ended;
  assert.equal(again.status, 0, again.stderr);
  assertWhole(maker);
  const { outsideBytes, nodeBytes } = toldBy(again);
  assert.ok(
    outsideBytes + nodeBytes < 0.8 * BYTES,
    `it goes on with what it had: ${outsideBytes}, ${nodeBytes}`,
  );
});

test('a file with another SHA-256 is not called complete, and not believed by the next run', async () => {
  const wrong = 'a'.repeat(64);
  const one = await node(3, 1, '--sha256', wrong).ended;
  assert.equal(one.status, 6);
  assert.match(one.stderr, new RegExp(`its SHA-256 is ${sha256}, and --sha256 says ${wrong}`));
  const again = await node(3, 1, '--sha256', wrong).ended;
  assert.equal(again.status, 6);
  const { outsideBytes } = toldBy(again);
  assert.ok(outsideBytes > 0.9 * BYTES, `all of it is fetched again: ${outsideBytes}`);
});

test('a server that sends no parts of files is told, and so is a hash without a URL', async () => {
  const whole = await nginx(folder, www, '0', 'max_ranges 0;');
  try {
    const args = ['-o', folder, '--cluster', 'url', '--port', String(port), '--interface', '127.4.4.1'];
    const result = await startCli(['get', `${whole.base}/big%20file.bin`, '--sha256', sha256, ...args]).ended;
    assert.equal(result.status, 3);
    assert.match(result.stderr, /its server does not send parts of files \(HTTP status 200\)/);
    const magnet = `magnet:?xt=urn:btih:${'0'.repeat(40)}`;
    const other = await startCli(['get', magnet, '--sha256', sha256, ...args]).ended;
    assert.equal(other.status, 2);
    assert.match(other.stderr, /--sha256 works only with the URL of a file as SOURCE/);
  } finally {
    await whole.stop();
  }
});
