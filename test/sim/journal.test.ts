/** The journal over a disk in memory: what it claims is on the disk, whatever fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SESSION } from '../../src/main/session/settings.ts';
import { readJournal } from '../../src/main/storage/journal.ts';
import { JournalKeeper } from '../../src/main/storage/journal-keeper.ts';
import { journalKey } from '../../src/main/storage/journal-key.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { JOURNAL_INTERVAL_MS } from '../../src/shared/limits.ts';
import { Standings } from '../../src/shared/standing.ts';
import { contentOf } from '../simulate/sim-content.ts';
import { VirtualMachine } from '../support/virtual-machine.ts';

const PIECE = 16_384;
const SIGNAL = new AbortController().signal;

async function place() {
  const machine = new VirtualMachine({
    settings: { ...DEFAULT_SESSION, dht: false },
    use: { downloads: true, torrents: 1 },
    seed: 1,
  });
  const { world } = machine.current;
  const content = contentOf(
    { offset: 0, pieceLength: PIECE, files: [4 * PIECE], private: false },
    't',
    [],
    [],
  );
  const { metainfo } = content;
  const plan = storagePlan(metainfo, '/d', null, world.files);
  const at = await OutputPlace.take(plan, { signal: SIGNAL, onNews: assert.fail }, world);
  const key = journalKey(null, assert.fail, world.files);
  const troubles: string[] = [];
  const unreported = new Set<PieceIndex>();
  const standings = Standings.of(1);
  const keeper = new JournalKeeper({
    ...{ place: at, metainfo, key, standings, unreported: () => unreported },
    onTrouble: (text) => troubles.push(text),
  });
  const file = at.root.openFile('t', 0o101).descriptor;
  world.files.ftruncate(file, 4 * PIECE);
  const { ino, birthtimeNs } = world.files.fstat(file);
  standings.identify(0, ino, birthtimeNs);
  const { loop } = machine;
  const forMs = (ms: number): Promise<void> => loop.run(loop.time.now() + ms);
  void keeper.begin(() => true, [], true, []);
  await forMs(500);
  const write = (piece: number): void =>
    void world.files.write(file, content.bytes(piece, 0, PIECE), 0, PIECE, piece * PIECE);
  return {
    machine,
    troubles,
    forMs,
    unreported,
    write,
    note: (piece: number): void => keeper.note(piece as PieceIndex),
    /** The piece is written and verified; its journal follows. */
    verify: (piece: number): Promise<void> => {
      write(piece);
      keeper.note(piece as PieceIndex);
      return forMs(JOURNAL_INTERVAL_MS + 500);
    },
    claimed: (): number[] => {
      const journal = readJournal({ folder: at.root, name: 't.unchoke' }, plan, metainfo, key);
      const bits = journal?.verified[0] ?? 0;
      return [0, 1, 2, 3].filter((piece) => (bits & (0x80 >>> piece)) !== 0);
    },
    journal: () => readJournal({ folder: at.root, name: 't.unchoke' }, plan, metainfo, key),
    lost: () => keeper.lost?.message ?? null,
    /** Pieces that are right on the disk. */
    there: (): number[] =>
      [0, 1, 2, 3].filter((piece) =>
        machine.disk
          .content('/d/t')
          .subarray(piece * PIECE, (piece + 1) * PIECE)
          .equals(content.bytes(piece, 0, PIECE)),
      ),
  };
}

test('a piece is claimed once its bytes are flushed', async () => {
  const { verify, claimed, troubles, machine, there } = await place();
  assert.deepEqual(claimed(), []);
  await verify(2);
  await verify(0);
  assert.deepEqual([claimed(), troubles], [[0, 2], []]);
  machine.kill(true);
  assert.deepEqual(there(), [0, 2]);
});

test('a piece whose flush failed is never claimed, and its file is hashed by the next run', async () => {
  const { verify, claimed, journal, lost, troubles, machine, there } = await place();
  await verify(0);
  assert.deepEqual([lost(), journal()?.doubted.size], [null, 0]);
  machine.disk.plan({ operation: 'flush', code: 'EIO', writes: 0 });
  await verify(1);
  assert.deepEqual([claimed(), troubles.length, machine.disk.fired], [[0], 1, 1]);
  assert.match(lost() ?? '', /^\/d\/t: the disk reported an error \(EIO\)/);
  assert.deepEqual([journal()?.stamps[0]?.modified, [...(journal()?.doubted ?? [])]], ['', [0]]);
  await verify(2);
  assert.deepEqual([claimed(), journal()?.stamps[0]?.modified], [[0, 2], '']);
  assert.deepEqual([...(journal()?.doubted ?? [])], [0]);
  machine.kill(true);
  assert.deepEqual(there(), [0, 2], 'the failed flush lost piece 1');
});

for (const code of ['ESTALE', 'EROFS'] as const)
  test(`any other error of a flush is a loss as well: ${code}`, async () => {
    const { verify, claimed, journal, lost, machine } = await place();
    machine.disk.plan({ operation: 'flush', code, writes: 0 });
    await verify(1);
    assert.deepEqual([claimed(), machine.disk.fired, [...(journal()?.doubted ?? [])]], [[], 1, [0]]);
    assert.ok(lost()?.includes(code));
  });

for (const code of ['EINVAL', 'ENOTSUP'] as const)
  test(`a file system that cannot flush at all loses nothing, and its pieces are claimed: ${code}`, async () => {
    const { verify, claimed, journal, lost, machine, troubles } = await place();
    // The file, and then the journal.
    for (const writes of [0, 1]) machine.disk.plan({ operation: 'flush', code, writes });
    await verify(1);
    assert.deepEqual([claimed(), journal()?.doubted.size, machine.disk.fired], [[1], 0, 2]);
    assert.deepEqual([lost(), troubles], [null, []]);
  });

test('a file that cannot be opened for a flush has lost nothing: its pieces are claimed when it is there again', async () => {
  const { verify, claimed, journal, lost, machine, forMs, troubles } = await place();
  const { files } = machine.current.world;
  files.rename('/d/t', '/d/elsewhere');
  await verify(1);
  assert.deepEqual([claimed(), troubles.length, lost(), journal()?.doubted.size], [[], 1, null, 0]);
  files.rename('/d/elsewhere', '/d/t');
  await forMs(JOURNAL_INTERVAL_MS + 500);
  assert.deepEqual(claimed(), [1]);
});

test('a file that took the place of ours is not flushed and not claimed, and the next run does not take it for ours', async () => {
  const { verify, claimed, journal, lost, machine, forMs, troubles } = await place();
  await verify(0);
  const { files } = machine.current.world;
  files.close(files.open('/d/new', 0o101));
  files.rename('/d/t', '/d/elsewhere');
  files.rename('/d/new', '/d/t');
  await verify(1);
  assert.deepEqual([claimed(), journal()?.stamps, lost()], [[0], [null], null]);
  assert.match(troubles.join(), /^\/d\/t: another file took its place during the download/);
  files.rename('/d/elsewhere', '/d/t');
  await forMs(JOURNAL_INTERVAL_MS + 500);
  assert.deepEqual([claimed(), journal()?.stamps[0] === null], [[0, 1], false]);
});

test('a journal that could not be written is written later, also if no other piece comes', async () => {
  const { write, note, claimed, machine, forMs, troubles } = await place();
  write(1);
  note(1);
  machine.disk.plan({ operation: 'write', code: 'ENOSPC', writes: 0 });
  await forMs(JOURNAL_INTERVAL_MS + 500);
  assert.deepEqual([claimed(), troubles.length, machine.disk.fired], [[], 1, 1]);
  await forMs(JOURNAL_INTERVAL_MS + 500);
  assert.deepEqual(claimed(), [1]);
});

test('a piece that a thread has written when a flush fails is never claimed, whenever its verdict comes', async () => {
  const { verify, note, write, unreported, claimed, machine, forMs, there } = await place();
  machine.disk.plan({ operation: 'flush', code: 'EIO', writes: 0 });
  write(2);
  unreported.add(2 as PieceIndex);
  await verify(1);
  assert.deepEqual([claimed(), machine.disk.fired], [[], 1]);
  unreported.clear();
  note(2);
  await verify(3);
  await forMs(JOURNAL_INTERVAL_MS);
  assert.deepEqual(claimed(), [3], 'the next flush succeeds, and proves nothing of piece 2');
  machine.kill(true);
  assert.deepEqual(there(), [3]);
});
