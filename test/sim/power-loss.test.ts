/** What a run leaves on the disk when its process is killed or the power fails, and how the next run goes on from there. */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { userFolder } from '../../src/main/files/user-folders.ts';
import { DEFAULT_SESSION } from '../../src/main/session/settings.ts';
import { HashRecord } from '../../src/main/storage/hash-record.ts';
import { journalKey } from '../../src/main/storage/journal-key.ts';
import { OutputPlace } from '../../src/main/storage/output-place.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { LearnedHashes } from '../../src/main/torrent/learned-hashes.ts';
import type { Metainfo } from '../../src/main/torrent/metainfo.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { LOCK_STALE_MS } from '../../src/shared/limits.ts';
import { contentOf } from '../simulate/sim-content.ts';
import type { DiskAbilities } from '../support/virtual-files.ts';
import { VirtualMachine } from '../support/virtual-machine.ts';

const SIGNAL = new AbortController().signal;
const ABILITIES: readonly DiskAbilities[] = [
  { holdsFolders: true, hasLinks: true, hasClones: false },
  { holdsFolders: false, hasLinks: true, hasClones: true },
  { holdsFolders: true, hasLinks: false, hasClones: true },
];
const { metainfo } = contentOf(
  { offset: 0, pieceLength: 16_384, files: [50_000], private: false },
  't',
  [],
  [],
);

function machineOf(seed: number, disk: DiskAbilities): VirtualMachine {
  const settings = { ...DEFAULT_SESSION, dht: false };
  return new VirtualMachine({ settings, use: { downloads: true, torrents: 1 }, seed, disk });
}

/** What a process of the machine needs to have the place. */
function take({ current }: VirtualMachine, onNews: (text: string) => void): Promise<OutputPlace> {
  const { world } = current;
  return OutputPlace.take(storagePlan(metainfo, '/d', null, world.files), { signal: SIGNAL, onNews }, world);
}

for (const disk of ABILITIES) {
  const what = JSON.stringify(disk);

  test(`the lock of a killed process stops nobody, that of a living one does: ${what}`, async () => {
    const machine = machineOf(1, disk);
    await take(machine, assert.fail);
    await assert.rejects(take(machine, assert.fail), /\(process 1000\) is downloading to this place/);
    machine.kill(false);
    machine.restart();
    const place = await take(machine, assert.fail);
    place.release();
    assert.deepEqual([...(machine.disk.find('/d')?.entries.keys() ?? [])], []);
    assert.equal(machine.current.files.openCount, 0);
  });

  test(`a lock that a power loss emptied is waited for, and then taken: ${what}`, async () => {
    let waits = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const machine = machineOf(seed, disk);
      await take(machine, assert.fail);
      machine.kill(true);
      machine.restart();
      const { loop } = machine;
      let place: OutputPlace | null = null;
      const taken = take(machine, () => {
        waits += 1;
      }).then((own) => {
        place = own;
      });
      await loop.run(LOCK_STALE_MS + 1_000, () => place !== null);
      await taken;
    }
    assert.ok(waits > 0, 'some were empty');
  });

  test(`a call that fails leaves no lock that stops the same process: ${what}`, async () => {
    for (let writes = 0; writes < 5; writes++) {
      const machine = machineOf(1, disk);
      await take(machine, assert.fail).then((place) => place.release());
      machine.disk.plan({ operation: 'change', code: 'EIO', writes });
      await take(machine, assert.fail).then((place) => place.release());
      let isThere = false;
      const taken = take(machine, () => {}).then((place) => {
        isThere = true;
        place.release();
      });
      await machine.loop.run(LOCK_STALE_MS + 1_000, () => isThere);
      await taken;
      assert.equal(machine.current.files.openCount, 0, `after ${writes} calls`);
    }
  });
}

test('a power loss leaves a whole journal key, or none', () => {
  const left = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const machine = machineOf(seed, { holdsFolders: true, hasLinks: true, hasClones: false });
    const key = journalKey(null, assert.fail, machine.current.files);
    machine.kill(true);
    left.add(machine.disk.content(join(userFolder('state'), 'journal.key')).length);
    machine.restart();
    assert.equal(journalKey(null, assert.fail, machine.current.files)?.length, key?.length);
  }
  assert.equal(left.has(0), left.size > 1, 'its name may be lost');
});

test('a power loss leaves a whole record of hashes: a journal may have been written since', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const machine = machineOf(seed, { holdsFolders: true, hasLinks: true, hasClones: false });
    const hashes = new LearnedHashes(4, true);
    hashes.make(0 as PieceIndex, Buffer.alloc(20, 7));
    const known = { infoHash: Buffer.alloc(20, 1), plainFile: { hashes } } as unknown as Metainfo;
    let isSaved = false;
    const { files } = machine.current;
    void HashRecord.of(known, files)
      ?.save()
      .then(() => {
        isSaved = true;
      });
    await machine.loop.run(5_000, () => isSaved);
    const path = join(userFolder('state'), 'hashes', `${'01'.repeat(20)}.sha1`);
    const whole = Buffer.from(machine.disk.content(path));
    assert.equal(whole.length, 84);
    // Its name is on the disk before its bytes need be.
    files.fsync(files.open(dirname(path), 0));
    machine.kill(true);
    assert.ok(machine.disk.content(path).equals(whole), `seed ${seed}`);
  }
});
