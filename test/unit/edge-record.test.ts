/** The hashes of parts of pieces: what is kept of them, and what is believed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EdgeRecord } from '../../src/main/storage/edge-record.ts';
import { STATE_FILE_KEPT_MS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';

const state = temporaryFolder();
process.env['XDG_STATE_HOME'] = state;
const folder = join(state, 'unchoke', 'edges');
const HASH = Buffer.alloc(20, 0xab);
const path = join(folder, `${HASH.toString('hex')}.json`);
const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
/** Of the run in a place. */
const record = (place: string | null = '/gone/set') => new EdgeRecord(HASH, place);
const one = { from: 100, length: 5, digest: digest('one') };
const two = { from: 2 ** 40, length: 7, digest: digest('two') };

test('what is kept is found again, by its place in the torrent and its length', async () => {
  const first = record();
  await first.save();
  assert.throws(() => readdirSync(folder), /ENOENT/, 'nothing is written if there is nothing');
  first.add([one]);
  await first.save();
  const second = record();
  assert.deepEqual(
    [second.digestOf(100, 5), second.digestOf(100, 6), second.digestOf(101, 5)],
    [one.digest, null, null],
  );
  assert.equal(new EdgeRecord(Buffer.alloc(20), null).digestOf(100, 5), null, 'of this torrent alone');
});

test('two runs at one time keep what both have learned', async () => {
  const [first, second] = [record(), record()];
  for (const each of [first, second]) assert.equal(each.digestOf(2 ** 40, 7), null);
  first.add([two]);
  await first.save();
  second.add([{ from: 1, length: 1, digest: digest('three') }]);
  await second.save();
  const after = record();
  assert.deepEqual([after.digestOf(2 ** 40, 7), after.digestOf(1, 1)], [two.digest, digest('three')]);
  const before = readFileSync(path);
  after.add([two]);
  rmSync(path);
  await after.save();
  assert.throws(() => readFileSync(path), /ENOENT/, 'what is known already is not written again');
  writeFileSync(path, before);
});

test('what is no record is none, and is replaced', async () => {
  for (const text of [
    '',
    '{',
    'null',
    '{"v":2,"edges":[]}',
    '{"v":1}',
    '{"v":1,"edges":[1,[1,"2"],[1,2,"x"]]}',
  ]) {
    writeFileSync(path, text);
    const read = record();
    assert.equal(read.digestOf(1, 2), null);
    read.add([one]);
    await read.save();
    assert.equal(record().digestOf(100, 5), one.digest);
  }
  assert.deepEqual(readdirSync(folder), [`${HASH.toString('hex')}.json`], 'nothing else is left');
});

test('a record is removed when each of its places is whole or gone', async () => {
  const kept = (): string[] => (JSON.parse(readFileSync(path, 'utf8')) as { places: string[] }).places;
  const there = join(state, 'set');
  mkdirSync(there);
  rmSync(path);
  const first = record(there);
  first.add([one]);
  await first.close(false);
  // The files were copied to a second place, and a third one has all of them.
  const second = record();
  assert.equal(second.digestOf(100, 5), one.digest);
  await second.close(false);
  assert.deepEqual(kept(), [there, '/gone/set']);
  const looking = record(null);
  assert.equal(looking.digestOf(100, 5), one.digest);
  await looking.close(false);
  await record('/other/set').close(true);
  assert.deepEqual(kept(), [there, '/gone/set']);
  await record().close(true);
  assert.deepEqual(kept(), [there]);
  assert.equal(record().digestOf(100, 5), one.digest);
  const again = record();
  again.digestOf(100, 5);
  await again.close(false);
  await record(there).close(true);
  assert.throws(kept, /ENOENT/, 'the other place is gone');
  first.add([two]);
  await first.close(false);
});

test('what nobody has used for long is removed when a record is written', async () => {
  const names = (): string[] => readdirSync(folder).sort();
  const agedBy = (name: string, ms: number): void => {
    const then = (Date.now() - ms) / 1_000;
    utimesSync(join(folder, name), then, then);
  };
  const [old, cut, young] = ['11', '22', '33'].map((two) => `${two.repeat(20)}.json`) as [
    string,
    string,
    string,
  ];
  const leftover = `${cut}.${'0'.repeat(16)}`;
  const [own] = names() as [string];
  for (const name of [old, leftover, young, 'notes.json']) {
    writeFileSync(join(folder, name), '{}');
    agedBy(name, STATE_FILE_KEPT_MS + (name === young ? -60_000 : 60_000));
  }
  // A run that only uses what is there: it counts as new, and others stay.
  agedBy(own, STATE_FILE_KEPT_MS + 60_000);
  const used = record(null);
  assert.equal(used.digestOf(100, 5), one.digest);
  await used.close(false);
  assert.ok(Date.now() - statSync(path).mtimeMs < STATE_FILE_KEPT_MS / 2);
  assert.equal(names().length, 5);
  const written = record();
  written.add([{ from: 7, length: 7, digest: digest('seven') }]);
  await written.close(false);
  assert.deepEqual(names(), [young, own, 'notes.json'].sort());
});

test('where nothing can be written, nothing fails', async () => {
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'a file');
  const blocked = record();
  blocked.add([one]);
  await blocked.close(false);
  assert.equal(blocked.digestOf(100, 5), one.digest, 'this run knows it');
  rmSync(folder);
  mkdirSync(path, { recursive: true });
  const stuck = record();
  stuck.add([one]);
  await stuck.close(false);
  assert.deepEqual(readdirSync(folder).length, 1, 'and nothing is left');
  rmSync(path, { recursive: true });
  symlinkSync('nowhere', path);
  assert.equal(record().digestOf(100, 5), null);
});
