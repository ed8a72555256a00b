/** How much of a journal is trusted, depending on its signature. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Journal,
  readJournal,
  removeJournal,
  stampOf,
  writeJournal,
} from '../../src/main/storage/journal.ts';
import { journalKey } from '../../src/main/storage/journal-key.ts';
import { journalName } from '../../src/main/storage/names/name-beside.ts';
import { resumePlan } from '../../src/main/storage/resume.ts';
import type { StoragePlan } from '../../src/main/storage/storage-plan.ts';
import type { Metainfo } from '../../src/main/torrent/metainfo.ts';
import { Folder } from '../../src/shared/folder.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
const KEY = Buffer.alloc(32, 7);
const g = geometry(80_000, 10_000);
const metainfo = { infoHash: Buffer.alloc(20, 0xab), geometry: g } as unknown as Metainfo;
const ALL = Buffer.from([0xff]);

function place(name: string) {
  const path = join(folder, name);
  mkdirSync(path);
  const data = join(path, 'f.bin');
  writeFileSync(data, Buffer.alloc(80_000, 1));
  const plan: StoragePlan = {
    folder: path,
    root: data,
    files: [{ path: data, offset: 0, length: 80_000 }],
    links: [],
    finalPaths: new Map(),
    padding: [],
    wanted: new Uint8Array(8).fill(1),
  };
  const look = () => stampOf(lstatSync(data, { bigint: true }));
  return { path, data, plan, look, journal: { folder: Folder.open(path), name: 'f.bin.unchoke' } };
}

const write = (at: ReturnType<typeof place>, key: Buffer | null = KEY): Promise<void> =>
  writeJournal(
    at.journal,
    at.plan,
    metainfo,
    { verified: ALL, stamps: [at.look()], doubted: new Set() },
    key,
  );

/** What happens to the eight pieces. */
function resumed(at: ReturnType<typeof place>, journal: Journal | null, random = 0.5) {
  const resume = resumePlan(journal, at.plan, [at.look()], g, () => random);
  return { probes: resume.probes, ...resume.sort(new Set()) };
}

test('a journal of this user is trusted after several unpredictable probes', async () => {
  const at = place('own');
  await write(at);
  const journal = readJournal(at.journal, at.plan, metainfo, KEY);
  assert.equal(journal?.kind, 'signed');
  assert.deepEqual(resumed(at, journal), {
    probes: [1, 4, 6],
    verified: [0, 1, 2, 3, 4, 5, 6, 7],
    check: [],
  });
  assert.deepEqual(resumed(at, journal, 0).probes, [0, 2, 5]);
  const failed = resumePlan(journal, at.plan, [at.look()], g, () => 0).sort(new Set([2 as never]));
  assert.deepEqual([failed.verified, failed.check.length], [[], 8], 'one probe that fails is enough');
});

test('a modification time that was set back is noticed: the change time cannot be set', async () => {
  const at = place('set back');
  await write(at);
  const { mtime } = statSync(at.data);
  writeFileSync(at.data, Buffer.alloc(80_000, 2));
  utimesSync(at.data, mtime, mtime);
  assert.equal(resumed(at, readJournal(at.journal, at.plan, metainfo, KEY)).check.length, 8);
});

test('a journal with another key, with none, or forged claims no piece: all is hashed', async () => {
  const at = place('forged');
  for (const [key, read] of [
    [Buffer.alloc(32, 8), KEY],
    [null, KEY],
    [KEY, null],
  ] as const) {
    await write(at, key);
    const journal = readJournal(at.journal, at.plan, metainfo, read);
    assert.equal(journal?.kind, 'own');
    assert.deepEqual(resumed(at, journal), { probes: [], verified: [], check: [0, 1, 2, 3, 4, 5, 6, 7] });
  }
  await write(at);
  const text = readFileSync(join(at.path, 'f.bin.unchoke'), 'utf8');
  const [line = ''] = text.split('\n');
  const plain = createHash('sha256').update(line).digest('hex');
  const guessed = createHmac('sha256', '').update(line).digest('hex');
  for (const sum of [plain, guessed, '', '-']) {
    writeFileSync(join(at.path, 'f.bin.unchoke'), `${line}\n${sum}\n`);
    assert.notEqual(readJournal(at.journal, at.plan, metainfo, KEY)?.kind, 'signed', sum);
  }
});

test('a journal of another selection counts for the files that both have', async () => {
  const at = place('selection');
  await write(at);
  const more = { path: join(at.path, 'g.bin'), offset: 80_000, length: 5 };
  const plan = { ...at.plan, files: [{ ...more, offset: 0, length: 0 }, ...at.plan.files, more] };
  const journal = readJournal(at.journal, plan, metainfo, KEY);
  assert.deepEqual([journal?.kind, journal?.stamps], ['signed', [null, at.look(), null]]);
});

test('the journal of a long name has a name that fits, and differs for different names', () => {
  const nameOf = (name: string): string => journalName(`/out/${name}`);
  const [a, b] = [nameOf(`${'ü'.repeat(127)}a`), nameOf(`${'ü'.repeat(127)}b`)];
  assert.ok(Buffer.byteLength(`${a}.lock`) <= 255 && a !== b && a.endsWith('.unchoke'));
  assert.equal(nameOf('x'.repeat(231)), `${'x'.repeat(231)}.unchoke`);
});

test('a journal of version 1, which anyone can write, means: check by hash', () => {
  const at = place('earlier');
  const line = JSON.stringify({
    v: 1,
    infoHash: 'ab'.repeat(20),
    verified: ALL.toString('base64'),
    stamps: [{ size: 80_000, mtimeMs: statSync(at.data).mtimeMs }],
  });
  const sum = createHash('sha256').update(line).digest('hex');
  writeFileSync(join(at.path, 'f.bin.unchoke'), `${line}\n${sum}\n`);
  const journal = readJournal(at.journal, at.plan, metainfo, KEY);
  assert.equal(journal, null);
  assert.deepEqual(resumed(at, journal).check.length, 8);
});

test('a file that is not a journal is never touched: not replaced, not followed, not removed', async () => {
  const victim = join(folder, 'victim');
  for (const [name, lay] of Object.entries({
    'a text': (path: string) => writeFileSync(path, 'my own'),
    'a link': (path: string) => symlinkSync(victim, path),
    'a dangling link': (path: string) => symlinkSync(join(folder, 'nowhere'), path),
    'a second name of a file': (path: string) => linkSync(victim, path),
    'a folder': (path: string) => mkdirSync(path),
  })) {
    writeFileSync(victim, 'precious');
    const at = place(`foreign ${name}`);
    const journal = join(at.path, 'f.bin.unchoke');
    lay(journal);
    const before = lstatSync(journal).ino;
    await assert.rejects(write(at), /not a journal of unchoke/);
    await assert.rejects(removeJournal(at.journal), /not a journal of unchoke/);
    assert.equal(lstatSync(journal).ino, before, name);

    const beside = place(`foreign next ${name}`);
    const next = join(beside.path, 'f.bin.unchoke.new');
    lay(next);
    const kept = lstatSync(next).ino;
    await write(beside);
    assert.equal(readJournal(beside.journal, beside.plan, metainfo, KEY)?.kind, 'signed');
    await removeJournal(beside.journal);
    assert.deepEqual(
      [lstatSync(next).ino, existsSync(join(beside.path, 'f.bin.unchoke'))],
      [kept, false],
      name,
    );
    assert.equal(readFileSync(victim, 'utf8'), 'precious', name);
    assert.equal(existsSync(join(folder, 'nowhere')), false);
  }
});

test('the rest of a journal of a killed run is replaced, and removed at the end', async () => {
  for (const left of ['', '{"v":2,"info', `{"v":2,"infoHash":"${'ab'.repeat(10)}`]) {
    const at = place(`left ${left.length}`);
    writeFileSync(join(at.path, 'f.bin.unchoke.new'), left);
    if (left.length > 12) writeFileSync(join(at.path, 'f.bin.unchoke'), left);
    await write(at);
    assert.equal(readJournal(at.journal, at.plan, metainfo, KEY)?.kind, 'signed');
    await removeJournal(at.journal);
    assert.equal(existsSync(join(at.path, 'f.bin.unchoke')), false);
  }
});

test('the key: made once, readable only by its owner; a key that other users can read, or an empty one, is not used', () => {
  const state = join(folder, 'state');
  const before = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = state;
  try {
    const troubles: string[] = [];
    const trouble = (text: string): void => void troubles.push(text);
    const path = join(state, 'unchoke', 'journal.key');
    const key = journalKey(null, trouble);
    assert.deepEqual([key, (statSync(path).mode & 0o777).toString(8)], [readFileSync(path), '600']);
    assert.deepEqual(journalKey(null, trouble), key);
    assert.deepEqual(journalKey(path, trouble), key);
    assert.deepEqual(troubles, []);
    chmodSync(path, 0o644);
    assert.equal(journalKey(null, trouble), null);
    assert.match(troubles[0] ?? '', /are hashed again: .*journal.key: other users can read this key/);
    assert.throws(() => journalKey(path, trouble), /users can read/);
    chmodSync(path, 0o600);
    writeFileSync(path, 'short');
    assert.throws(() => journalKey(path, trouble), /not a journal key/);
    assert.throws(() => journalKey(folder, trouble), /not a journal key/);
    const shared = join(folder, 'shared.key');
    assert.deepEqual(journalKey(shared, trouble), readFileSync(shared), 'a named one is made as well');
    process.env['XDG_STATE_HOME'] = shared;
    assert.equal(journalKey(null, trouble), null, 'no folder to keep one in');
  } finally {
    if (before === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = before;
  }
});
