/** Files that are read while they download, over real threads, sockets and files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { PAYLOAD, type Run, startDownload } from '../support/started-download.ts';

checkLeaksAtEnd();
const MIB = 2 ** 20;
const PIECE = 262_144;
const folder = temporaryFolder();
const SLOWLY: Run = { shards: 2, hashers: 1, memoryBytes: 16 * MIB, rate: 2 * MIB };

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function firstOf(stream: Readable): Promise<Buffer> {
  for await (const part of stream.iterator({ destroyOnReturn: false })) return part as Buffer;
  throw new Error('the stream is empty');
}

async function during(
  name: string,
  run: Run,
  work: (started: Awaited<ReturnType<typeof startDownload>>) => Promise<void>,
): Promise<void> {
  const started = await startDownload(folder, name, run);
  try {
    await work(started);
  } finally {
    await started.stop();
  }
}

test('a whole file through a stream, and a part of it through a web stream, while it downloads', () =>
  during('whole', SLOWLY, async ({ download, metainfo, plan, ended }) => {
    const file = download.readers.file(metainfo.name);
    assert.equal(file.length, PAYLOAD);
    const stream = file.stream();
    const part = file.webStream({ start: 5 * MIB - 7, end: 9 * MIB });
    let before: number | null = null;
    stream.once('data', () => {
      before = download.bytes.verified;
    });
    const [all, some] = await Promise.all([bytesOf(stream), bytesOf(part), ended]);
    const there = readFileSync(plan.root);
    assert.ok(
      before !== null && before < PAYLOAD / 2,
      `${before} bytes were there before the first ones came`,
    );
    assert.equal(there.compare(all), 0);
    assert.equal(there.subarray(5 * MIB - 7, 9 * MIB + 1).compare(some), 0);
  }));

test('the end of the file arrives before its middle, and after the reader is destroyed the rest comes', () =>
  during('end', { ...SLOWLY, order: 'sequential' }, async ({ download, metainfo, plan, ended }) => {
    const file = download.readers.file(metainfo.name);
    const stream = file.stream({ start: PAYLOAD - 3 * MIB });
    const first = await firstOf(stream);
    assert.ok(download.bytes.verified < PAYLOAD / 2, `${download.bytes.verified} bytes are there already`);
    stream.destroy();
    await ended;
    const there = readFileSync(plan.root);
    assert.equal(there.subarray(PAYLOAD - 3 * MIB, PAYLOAD - 3 * MIB + first.length).compare(first), 0);
    const after = await bytesOf(file.stream({ start: 100, end: 199 }));
    assert.equal(there.subarray(100, 200).compare(after), 0, 'a complete file is read as well');
  }));

test('when a torrent stops, its readers fail with a code; a reader whose bytes are all verified continues', () =>
  during('stopped', SLOWLY, async ({ download, metainfo, stop }) => {
    const file = download.readers.file(metainfo.name);
    const all = file.stream();
    const has = file.stream({ end: 2 * PIECE - 1 });
    const first = await firstOf(has);
    await bytesOf(file.stream({ start: PIECE, end: PIECE }));
    assert.equal(download.complete, false);
    const failed = assert.rejects(bytesOf(all), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, 'interrupted');
      return true;
    });
    await Promise.all([stop(), failed]);
    assert.equal(first.length + (await bytesOf(has)).length, 2 * PIECE);
    await assert.rejects(bytesOf(file.stream({ end: 10 })), { code: 'interrupted' });
  }));
