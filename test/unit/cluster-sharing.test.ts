/** Who has a share of the pieces, and when a node takes everything into its own hands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineRate } from '../../src/main/cluster/line-rate.ts';
import type { NodeState } from '../../src/main/cluster/node-message.ts';
import { Node } from '../../src/main/cluster/nodes.ts';
import { Sharing } from '../../src/main/cluster/sharing.ts';
import { StallWatch } from '../../src/main/cluster/stall-watch.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceState } from '../../src/shared/ledger.ts';
import { CLUSTER_STALL_MS } from '../../src/shared/limits.ts';

const PIECES = 200;
const ALL = new Uint8Array(PIECES).fill(1);

function sharing(wanted = ALL) {
  const ledger = {
    pieceCount: PIECES,
    stateOf: () => 0 as PieceState,
    reserved: { close: () => false, opened: () => {} },
  };
  const files = [{ offset: 0, length: PIECES * 1_000 }];
  return new Sharing('00'.repeat(20), ledger, geometry(PIECES * 1_000, 1_000), {
    wanted,
    files,
    padding: [],
  });
}

function nodeThatWants(wants: string | null): Node {
  const node = new Node('ff'.repeat(20));
  node.state = { wants, busy: [], left: 0, bytesPerS: 0 } as unknown as NodeState;
  return node;
}

/** Pieces that this node may fetch from outside. */
function freeWith(ours: Sharing, node: Node): number {
  ours.heard(node, 0);
  ours.look({ all: 0, outside: 0 }, [node], 0);
  return ours.outlook.free.length;
}

test('a node has a share only while it says that it wants the same: not while it looks at its disk, and not with other files', () => {
  const ours = sharing();
  const silent = new Node('ff'.repeat(20));
  assert.equal(freeWith(ours, silent), PIECES);
  assert.equal(freeWith(ours, nodeThatWants(null)), PIECES);
  const both = freeWith(ours, nodeThatWants(ours.wants));
  assert.ok(both > PIECES / 4 && both < (PIECES * 3) / 4, `${both} of ${PIECES}`);
  const others = sharing(new Uint8Array(PIECES)).wants;
  assert.notEqual(others, ours.wants);
  assert.equal(freeWith(ours, nodeThatWants(others)), PIECES);
  assert.deepEqual(ours.give(nodeThatWants(others), 1_000, 0), []);
});

test('a cluster that brings less than a tenth of what our own line can is passed over for a while', () => {
  const watch = new StallWatch();
  assert.equal(watch.look(0, 1_000_000, 0), false);
  // Enough came.
  assert.equal(watch.look(20_000_000, 0, CLUSTER_STALL_MS), false);
  // A trickle.
  const end = 2 * CLUSTER_STALL_MS;
  assert.equal(watch.look(20_100_000, 0, end), true);
  assert.equal(watch.look(20_200_000, 0, end + CLUSTER_STALL_MS - 1), true);
  assert.equal(watch.look(60_000_000, 0, end + CLUSTER_STALL_MS), false);
  // Nothing at all, where no line is known.
  const unknown = new StallWatch();
  assert.equal(unknown.look(0, 0, 0), false);
  assert.equal(unknown.look(0, 0, CLUSTER_STALL_MS), true);
});

test('a node that fetches other files closes none of our pieces', () => {
  const ours = sharing();
  const node = nodeThatWants(ours.wants);
  const busyWith = (wants: string): number => {
    node.state = {
      ...node.state,
      wants,
      busy: Array.from({ length: PIECES }, (_, i) => i),
    } as unknown as NodeState;
    return freeWith(ours, node);
  };
  assert.equal(busyWith(ours.wants), 0);
  assert.equal(busyWith('other'), PIECES);
});

test('a time in which this process did not run is neither a stall nor a slow line', () => {
  const watch = new StallWatch();
  watch.look(0, 1_000_000, 0);
  watch.restart();
  assert.equal(watch.look(1_000, 0, 10 * CLUSTER_STALL_MS), false);
  assert.equal(watch.look(1_000, 0, 11 * CLUSTER_STALL_MS), true);
  const line = new LineRate();
  for (let now = 0; now <= 2_000; now += 250) line.sample(now * 1_000, true, now);
  line.restart();
  const woke = 3_600_000;
  for (let ms = 0; ms <= 1_500; ms += 250) {
    line.sample(2_000_000 + ms * 1_000, true, woke + ms);
    assert.equal(line.capacity, 1_000_000);
  }
});
