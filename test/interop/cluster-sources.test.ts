/** Clusters of real processes that fetch a plain URL, where the server does not serve all nodes alike. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CliResult, type RunningCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { moodyServer } from '../support/moody-server.ts';
import { freePort } from '../support/processes.ts';

const BYTES = 12 * 2 ** 20 + 17;
const folder = temporaryFolder();
const data = randomBytes(BYTES);
const sha256 = createHash('sha256').update(data).digest('hex');
let server: Awaited<ReturnType<typeof moodyServer>>;
let port = 0;

before(async () => {
  server = await moodyServer(data, 250_000, randomBytes(BYTES));
  port = await freePort();
});
after(() => server.stop());
checkLeaksAtEnd();

interface StartedNode extends RunningCli {
  /** Resolves when it has written this to stderr. */
  said(pattern: RegExp): Promise<void>;
  readonly address: string;
  readonly output: string;
}

/** The node at 127.5.`of`.`i`, of two or three. */
function node(of: number, i: number, ...more: readonly string[]): StartedNode {
  const address = `127.5.${of}.${i}`;
  const output = join(folder, `${of}-${i}`);
  const run = startCli(
    [
      ...['get', `${server.base}/big.bin`, '-o', output, '--json', '--no-utp', '--shards', '1'],
      ...['--interface', address, '--port', String(port)],
      ...['--cluster', 'sources', '--cluster-nodes', `127.5.${of}.1,127.5.${of}.2`],
      ...more,
    ],
    ['env', `XDG_STATE_HOME=${join(folder, `state-${of}-${i}`)}`],
  );
  let stderr = '';
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(stderr)) resolve();
      };
      run.child.stderr?.on('data', look);
      void run.ended.then(() => reject(new Error(`ended without ${pattern}: ${stderr}`)));
      look();
    });
  run.child.stderr?.on('data', (text: string) => {
    stderr += text;
  });
  return { ...run, address, output, said };
}

/** A figure in a line of JSON of this type. */
const figureIn = (line: string, type: string, figure: string): number => {
  const event = JSON.parse(line) as Record<string, unknown>;
  return event['type'] === type ? Number(event[figure]) : 0;
};

/** Two nodes that agree who of them fetches everything, the other of which has a part of it already. */
async function makerAndOther(of: number): Promise<[StartedNode, StartedNode]> {
  const nodes = [node(of, 1), node(of, 2)] as const;
  // On a busy machine both may have begun before they met, and one of them gave up again.
  const agree = async (maker: StartedNode, other: StartedNode): Promise<[StartedNode, StartedNode]> => {
    await Promise.all([
      maker.said(/this node fetches the file/),
      other.said(new RegExp(`${maker.address}:${port} fetches the (file|rest)`)),
    ]);
    return [maker, other];
  };
  const [maker, other] = await Promise.any([agree(...nodes), agree(nodes[1], nodes[0])]);
  const before = server.asks(other.address);
  await other.line((line) => figureIn(line, 'progress', 'bytes') > 0.4 * BYTES);
  assert.equal(server.asks(other.address), before, 'only the maker fetches');
  return [maker, other];
}

async function assertComplete(...nodes: readonly StartedNode[]): Promise<readonly CliResult[]> {
  const results = await Promise.all(nodes.map(({ ended }) => ended));
  for (const result of results) assert.equal(result.status, 0, result.stderr);
  for (const { output } of nodes)
    assert.equal(Buffer.compare(readFileSync(join(output, 'big.bin')), data), 0);
  return results;
}

const DRY = 'receives next to nothing from the source';

describe('the node that fetches for all', { concurrency: true }, () => {
  for (const [of, service] of (['silent', 'refused', 'trickle'] as const).entries())
    test(`${service}: it resigns, the other one fetches the rest, and both are complete`, async () => {
      const [maker, other] = await makerAndOther(of + 1);
      server.serve(maker.address, service);
      const [before, others] = [maker, other].map(({ address }) => server.sent(address, 'normal'));
      const [told, heard] = await assertComplete(maker, other);
      const rest = server.sent(other.address, 'normal') - (others ?? 0);
      assert.ok(rest > 0.2 * BYTES, 'the other one fetched the rest');
      assert.equal(server.sent(maker.address, 'normal'), before);
      assert.ok(server.sent(maker.address, service) < 0.1 * BYTES);
      const after = 'fetches the rest and makes its hashes';
      assert.ok(told?.stderr.includes(`this node ${DRY}: ${other.address}:${port} ${after}`), told?.stderr);
      assert.ok(heard?.stderr.includes(`${maker.address}:${port} ${DRY}: this node ${after}`), heard?.stderr);
    });

  test('is suspended: the other one fetches the rest, and it goes on as one that fetches nothing from outside', async () => {
    const [maker, other] = await makerAndOther(4);
    const asked = server.asked(other.address);
    maker.child.kill('SIGSTOP');
    await asked;
    maker.child.kill('SIGCONT');
    const [told, heard] = await assertComplete(maker, other);
    assert.match(heard?.stderr ?? '', /is gone: this node fetches the rest/);
    assert.match(told?.stderr ?? '', /this node makes no more hashes: \S+ fetches the rest/);
  });

  test('and all others receive nothing for a while: they take turns in peace, and are complete when the source is back', async () => {
    const [maker, other] = await makerAndOther(5);
    const asks = (): number => server.asks(maker.address) + server.asks(other.address);
    const before = asks();
    const [first, second] = [server.asked(other.address), server.asked(maker.address)];
    for (const { address } of [maker, other]) server.serve(address, 'silent');
    await Promise.all([first, second]);
    assert.ok(asks() - before < 20, `${asks() - before} requests`);
    for (const { address } of [maker, other]) server.serve(address, 'normal');
    await assertComplete(maker, other);
  });
});

test('with the SHA-256, a node that gets other bytes than all others is believed, found out and named; the others are complete', async () => {
  const nodes = [1, 2, 3].map((i): [string, () => StartedNode] => [
    `127.5.6.${i}`,
    () => node(6, i, '--sha256', sha256),
  ]);
  const [[liarAt], ...others] = nodes as [(typeof nodes)[number], ...typeof nodes];
  server.serve(liarAt, 'other');
  // Until they have believed it, they have no way to know better.
  for (const [address] of others) server.serve(address, 'silent');
  const started = nodes.map(([, start]) => start());
  const [liar, ...honest] = started as [StartedNode, ...StartedNode[]];
  await Promise.all(
    honest.map((one) => one.line((line) => figureIn(line, 'progress', 'bytes') > 0.3 * BYTES)),
  );
  for (const { address } of honest) {
    assert.equal(server.sent(address, 'normal') + server.sent(address, 'silent'), 0);
    server.serve(address, 'normal');
  }
  const results = await assertComplete(...honest);
  for (const { stderr } of results) {
    assert.ok(stderr.includes(`cluster: ${liarAt}:${port} said a hash that is not that of`), stderr);
    assert.match(stderr, /its SHA-256 is not the one of --sha256; up to \d+ pieces/);
    assert.match(stderr, new RegExp(`its SHA-256 is right now; .*, ${liarAt}:${port} said \\d+ wrong hash`));
    for (const { address } of honest) assert.ok(!stderr.includes(`${address}:${port} said`), stderr);
  }
  const end = await liar.ended;
  assert.equal(end.status, 6, end.stderr);
  assert.match(end.stderr, /every piece came from the source itself, so the URL has another file/);
});

test('a run that cannot check what another node said names it, and the next run fetches only what it said', async () => {
  const [liarAt, honestAt] = ['127.5.7.1', '127.5.7.2'];
  server.serve(liarAt, 'other');
  server.serve(honestAt, 'silent');
  const [liar, honest] = [1, 2].map((i) => node(7, i, '--sha256', sha256)) as [StartedNode, StartedNode];
  await honest.line((line) => figureIn(line, 'progress', 'bytes') > 0.3 * BYTES);
  liar.child.kill('SIGKILL');
  await liar.ended;
  server.serve(honestAt, 'normal');
  // The repair begins: from now on the source refuses.
  await honest.said(/up to \d+ pieces whose hashes others said, or that changed on the disk, are fetched/);
  const own = server.sent(honestAt, 'normal');
  server.serve(honestAt, 'refused');
  const failed = await honest.ended;
  assert.equal(failed.status, 6, failed.stderr);
  assert.match(
    failed.stderr,
    new RegExp(`are the word of others \\(${liarAt}:${port}: \\d+\\) and cannot be checked`),
  );
  server.serve(honestAt, 'normal');
  await assertComplete(node(7, 2, '--sha256', sha256));
  const again = server.sent(honestAt, 'normal') - own;
  assert.ok(own > 0.2 * BYTES && own + again < 1.25 * BYTES, `${own} bytes, then ${again}`);
});
