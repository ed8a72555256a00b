/** Clusters in virtual time, with the real decisions of each node: outside traffic, time, and what each fault costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterKey } from '../../src/main/cluster/cluster-key.ts';
import { ClusterModel } from '../simulate/cluster-model.ts';
import type { ClusterFault } from '../simulate/cluster-run.ts';
import { clusterFailures, clusterScenarioOf } from '../simulate/cluster-scenario.ts';

const key = new ClusterKey('model', null);
/** 256 MiB over eight lines of 2 MB/s each: 16.8 s if nothing is lost. */
const BASE = {
  ...{ seed: 1, nodes: 8, pieces: 512, pieceBytes: 524_288, bytesPerS: 2_000_000 },
  ...{ spreadMs: 1_000, listed: 3, edges: 0 },
};
const OPTIMUM_MS = (BASE.pieces * BASE.pieceBytes * 1_000) / (BASE.nodes * BASE.bytesPerS);

async function run(faults: readonly ClusterFault[]) {
  const { endMs, outsideBytes, unfinished } = await new ClusterModel({ ...BASE, faults }, key).run(300_000);
  assert.deepEqual(unfinished, []);
  return { ofOptimum: endMs / OPTIMUM_MS, ofSize: outsideBytes / (BASE.pieces * BASE.pieceBytes) };
}

test('eight nodes fetch one copy together, in the time that their lines need', async () => {
  const { ofOptimum, ofSize } = await run([]);
  assert.ok(ofSize >= 1 && ofSize <= 1.02, `${ofSize} of the size`);
  assert.ok(ofOptimum <= 1.15, `${ofOptimum} of the optimum`);
});

const FAULTS: readonly (readonly [string, ClusterFault, number])[] = [
  ['killed', { kind: 'kill', node: 5, atMs: 8_000, silent: false }, 1.3],
  ['lost with its machine', { kind: 'kill', node: 5, atMs: 8_000, silent: true }, 1.4],
  ['frozen for 8 s', { kind: 'freeze', node: 5, atMs: 6_000, ms: 8_000 }, 1.4],
  ['late', { kind: 'late', node: 7, atMs: 6_000 }, 1.2],
  ['ten times slower', { kind: 'slow', node: 5, part: 0.1 }, 1.35],
  ['without a line to the outside', { kind: 'slow', node: 5, part: 0 }, 1.4],
];
for (const [what, fault, most] of FAULTS)
  test(`a node is ${what}: all others are complete, and little comes twice`, async () => {
    const { ofOptimum, ofSize } = await run([fault]);
    assert.ok(ofSize <= 1.06, `${ofSize} of the size`);
    assert.ok(ofOptimum <= most, `${ofOptimum} of the optimum`);
  });

test('one node has a line and the others a trickle: they give it all work, and hold nothing up', async () => {
  const faults = Array.from({ length: 7 }, (_, i) => ({ kind: 'slow', node: i + 1, part: 0.001 }) as const);
  const { endMs, outsideBytes, unfinished } = await new ClusterModel({ ...BASE, faults }, key).run(300_000);
  const size = BASE.pieces * BASE.pieceBytes;
  assert.deepEqual(unfinished, []);
  assert.ok(outsideBytes <= 1.02 * size, `${outsideBytes / size} of the size`);
  const optimumMs = (size * 1_000) / BASE.bytesPerS;
  assert.ok(endMs <= 1.1 * optimumMs, `${endMs / optimumMs} of the optimum`);
});

test('nodes that start within five seconds meet, and fetch little twice', async () => {
  const { outsideBytes, unfinished } = await new ClusterModel(
    { ...BASE, spreadMs: 5_000, faults: [] },
    key,
  ).run(300_000);
  assert.deepEqual(unfinished, []);
  assert.ok(outsideBytes <= 1.05 * BASE.pieces * BASE.pieceBytes);
});

test('nodes that start together and know one address all meet', async () => {
  for (const spreadMs of [0, 50])
    for (const nodes of [2, 8, 24]) {
      const model = new ClusterModel(
        { ...BASE, nodes, pieces: 64 * nodes, spreadMs, listed: 1, faults: [] },
        key,
      );
      assert.equal(
        (await model.run(6_000)).pairs,
        (nodes * (nodes - 1)) / 2,
        `${nodes} within ${spreadMs} ms`,
      );
    }
});

test('nodes that select files: each fetches the pieces at their edges itself, at once, and nobody waits for another', async () => {
  const edges = 16;
  const { endMs, outsideBytes, unfinished } = await new ClusterModel({ ...BASE, edges, faults: [] }, key).run(
    300_000,
  );
  assert.deepEqual(unfinished, []);
  const pieces = BASE.pieces + (BASE.nodes - 1) * edges;
  const ofSize = outsideBytes / (pieces * BASE.pieceBytes);
  assert.ok(ofSize >= 1 && ofSize <= 1.02, `${ofSize} of the size`);
  const optimumMs = (OPTIMUM_MS * pieces) / BASE.pieces;
  assert.ok(endMs <= 1.15 * optimumMs, `${endMs / optimumMs} of the optimum`);
});

test('random clusters', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { failures } = await clusterFailures(clusterScenarioOf(seed), key);
    assert.deepEqual(failures, [], `seed ${seed}`);
  }
});
