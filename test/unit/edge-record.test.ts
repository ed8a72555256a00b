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
import { EDGE_RECORD_KEPT_MS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';

const state = temporaryFolder();
process.env['XDG_STATE_HOME'] = state;
const folder = join(state, 'unchoke', 'edges');
const HASH = Buffer.alloc(20, 0xab);
const path = join(folder, `${HASH.toString('hex')}.json`);
const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
const record = () => new EdgeRecord(HASH);
const one = { from: 100, length: 5, digest: digest('one') };
const two = { from: 2 ** 40, length: 7, digest: digest('two') };

test('what is kept is found again, by its place in the torrent and its length', () => {
  const first = record();
  first.save();
  assert.throws(() => readdirSync(folder), /ENOENT/, 'nothing is written if there is nothing');
  first.add([one]);
  first.save();
  const second = record();
  assert.deepEqual(
    [second.digestOf(100, 5), second.digestOf(100, 6), second.digestOf(101, 5)],
    [one.digest, null, null],
  );
  assert.equal(new EdgeRecord(Buffer.alloc(20)).digestOf(100, 5), null, 'of this torrent alone');
});

test('two runs at one time keep what both have learned', () => {
  const [first, second] = [record(), record()];
  for (const each of [first, second]) assert.equal(each.digestOf(2 ** 40, 7), null);
  first.add([two]);
  first.save();
  second.add([{ from: 1, length: 1, digest: digest('three') }]);
  second.save();
  const after = record();
  assert.deepEqual([after.digestOf(2 ** 40, 7), after.digestOf(1, 1)], [two.digest, digest('three')]);
  const before = readFileSync(path);
  after.add([two]);
  rmSync(path);
  after.save();
  assert.throws(() => readFileSync(path), /ENOENT/, 'what is known already is not written again');
  writeFileSync(path, before);
});

test('what is no record is none, and is replaced', () => {
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
    read.save();
    assert.equal(record().digestOf(100, 5), one.digest);
  }
  assert.deepEqual(readdirSync(folder), [`${HASH.toString('hex')}.json`], 'nothing else is left');
});

test('a download of all files removes the record; what nobody has used for long goes when one is written', async () => {
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
    agedBy(name, EDGE_RECORD_KEPT_MS + (name === young ? -60_000 : 60_000));
  }
  // A run that only uses what is there: it counts as new, and others stay.
  agedBy(own, EDGE_RECORD_KEPT_MS + 60_000);
  const used = record();
  assert.equal(used.digestOf(100, 5), one.digest);
  await used.close(false);
  assert.ok(Date.now() - statSync(path).mtimeMs < EDGE_RECORD_KEPT_MS / 2);
  assert.equal(names().length, 5);
  const written = record();
  written.add([two]);
  await written.close(false);
  assert.deepEqual(names(), [young, own, 'notes.json'].sort());
  await record().close(true);
  assert.deepEqual(names(), [young, 'notes.json'].sort());
  await record().close(true);
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
