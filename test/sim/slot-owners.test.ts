/**
 * The contract for holders of slots (src/shared/slot-owner.ts): the same cases with every pair of holders. The helper checks at
 * every step that a received block is completely from its sender, and that no piece is in two slots.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlotIndex } from '../../src/shared/indices.ts';
import type { Sender } from '../../src/shared/sender.ts';
import { type HoldersOptions, type Kind, SlotHolders } from '../support/slot-holders.ts';
import type { SourceOptions } from '../support/slot-source.ts';

const BLOCKS = 6;
const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['shard', 'shard'],
  ['shard', 'web seed'],
  ['web seed', 'shard'],
];
const ROLES = ['owner', 'guest'] as const;
const ONE_PIECE: HoldersOptions = { pieces: 1, blocks: BLOCKS, slots: 1 };
/** The first is so slow that the other joins. The other is a bit faster, and both are in the slot for some seconds. */
const SLOW = { blockMs: 800 };
const HELPER = { blockMs: 500, startMs: 300 };

/** Runs a case with two holders. The first one starts the first piece. At the end nothing is left. */
async function play(
  [first, second]: readonly [Kind, Kind],
  options: HoldersOptions,
  [ofFirst, ofSecond]: readonly [SourceOptions, SourceOptions],
  run: (holders: SlotHolders, both: { readonly owner: Holder; readonly guest: Holder }) => Promise<void>,
): Promise<void> {
  const holders = new SlotHolders(options);
  try {
    const owner = holders.add(first, ofFirst);
    const guest = holders.add(second, ofSecond);
    await run(holders, { owner, guest });
  } finally {
    await holders.stop();
  }
}

type Holder = ReturnType<SlotHolders['add']>;

/** Runs until both are in the slot of the first piece, and it has this many blocks or is full. */
async function bothAreIn(
  holders: SlotHolders,
  { owner, guest }: Record<'owner' | 'guest', Holder>,
  blocks: number,
) {
  const isIn = (): boolean =>
    holders.slotsOf(0).some((slot) => {
      const { arena } = holders;
      return arena.ownerOf(slot) === owner.owner && arena.guestOf(slot) === guest.owner;
    });
  assert.ok(await holders.until(isIn), 'the second joined the first');
  await holders.until(() => holders.blocksOf(0) >= blocks || holders.complete());
}

/** From now on no received block of the first piece may be lost. Ends with the download. */
async function completesWithoutLoss(holders: SlotHolders): Promise<void> {
  let most = 0;
  const ended = await holders.until(() => {
    const blocks = holders.ledger.complete ? BLOCKS : holders.blocksOf(0);
    assert.ok(blocks >= most, `${most - blocks} received blocks were lost`);
    most = blocks;
    return holders.complete();
  });
  assert.ok(ended, 'the download is complete');
}

for (const pair of PAIRS) {
  const name = `${pair[0]} and ${pair[1]}`;

  test(`${name}: one holder claims a piece, and a block is fetched once`, async () => {
    const many = { pieces: 7, blocks: BLOCKS, slots: 4 };
    await play(pair, many, [{ blockMs: 40 }, { blockMs: 40 }], async (holders) => {
      assert.ok(await holders.until(holders.complete));
      assert.deepEqual([...holders.judged].sort(), [0, 1, 2, 3, 4, 5, 6]);
      assert.equal(holders.received, 7 * BLOCKS);
    });
  });

  test(`${name}: one holder gives up, at every point, and the other continues`, async () => {
    for (let blocks = 0; blocks < BLOCKS; blocks++)
      await play(pair, ONE_PIECE, [SLOW, { blockMs: 50, startMs: 6_000 }], async (holders, { owner }) => {
        await holders.until(() => holders.blocksOf(0) >= blocks);
        // In the middle of the next block.
        await holders.until(() => false, 500);
        assert.equal(holders.blocksOf(0), blocks);
        owner.lose();
        await completesWithoutLoss(holders);
        assert.equal(holders.received, BLOCKS, 'no block came twice');
      });
  });

  for (const role of ROLES) {
    test(`${name}: both are in the slot, and the source of the ${role} leaves, at every point: no block is lost`, async () => {
      for (let blocks = 2; blocks <= BLOCKS; blocks++)
        await play(pair, ONE_PIECE, [SLOW, HELPER], async (holders, both) => {
          await bothAreIn(holders, both, blocks);
          both[role].lose();
          await completesWithoutLoss(holders);
          assert.deepEqual([holders.received, holders.judged], [BLOCKS, [0]]);
        });
    });

    test(`${name}: both are in the slot, and the ${role} dies, at every point`, async () => {
      for (let blocks = 2; blocks < BLOCKS; blocks++)
        for (const middleMs of [0, 270])
          await play(pair, ONE_PIECE, [SLOW, HELPER], async (holders, both) => {
            await bothAreIn(holders, both, blocks);
            await holders.until(() => false, middleMs);
            holders.die(both[role]);
            if (role === 'guest') await completesWithoutLoss(holders);
            else assert.ok(await holders.until(holders.complete));
            assert.deepEqual(holders.judged, [0]);
          });
    });

    test(`${name}: the ${role} dies with the last block: the full piece is not lost`, async () => {
      const last = { blockMs: 100, startMs: 300 };
      const sources =
        role === 'owner' ? ([SLOW, { ...SLOW, startMs: 300 }] as const) : ([SLOW, last] as const);
      await play(pair, ONE_PIECE, sources, async (holders, both) => {
        await bothAreIn(holders, both, 2);
        if (role === 'owner') both.guest.lose();
        holders.diesWithLast = both[role];
        await holders.until(() => holders.blocksOf(0) === BLOCKS);
        await holders.until(() => false, 20);
        assert.deepEqual(holders.judged, [], 'the fault fired: nothing was said');
        holders.die(both[role]);
        assert.deepEqual([holders.judged, holders.received, holders.complete()], [[0], BLOCKS, true]);
      });
    });

    test(`${name}: a bad block of the ${role} is blamed on its sender`, async () => {
      const liar = { lies: { block: role === 'owner' ? 0 : BLOCKS - 1 } } as const;
      const [first, second] =
        role === 'owner' ? ([liar, { lies: 'never' }] as const) : ([{ lies: 'never' }, liar] as const);
      await play(
        pair,
        ONE_PIECE,
        [
          { ...SLOW, ...first },
          { ...HELPER, ...second },
        ],
        async (holders, both) => {
          await bothAreIn(holders, both, 2);
          assert.ok(await holders.until(holders.complete, 120_000));
          assert.equal(both[role].source.lied, 1, 'the fault fired');
          assert.ok(holders.judged.length > 1);
          assert.deepEqual(new Set(holders.convicted), new Set<Sender>([both[role].sender]));
        },
      );
    });
  }

  test(`${name}: a block that comes late is not written into the next piece`, async () => {
    const three = { pieces: 3, blocks: BLOCKS, slots: 1 };
    const late: number[] = [];
    for (let ms = 2_500; ms <= 6_500; ms += 400) {
      const sources = [
        { blockMs: 200, pause: { blocks: 2, ms } },
        { blockMs: 120, startMs: 300 },
      ] as const;
      await play(pair, three, sources, async (holders, { owner }) => {
        owner.source.onLate = () => late.push(holders.arena.pieceOf(0 as SlotIndex));
        assert.ok(await holders.until(holders.complete));
        assert.deepEqual([...holders.judged].sort(), [0, 1, 2]);
        assert.equal(holders.received, 3 * BLOCKS);
      });
    }
    assert.ok(late.includes(1), 'the fault fired');
  });
}
