/** `unchoke watch` after a failure, in virtual time: what is tried again, when, and what ends a pause. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Console } from '../../src/main/cli/output/console.ts';
import type { RunEvent } from '../../src/main/cli/output/run-events.ts';
import { DropFolder } from '../../src/main/cli/runs/drop-folder.ts';
import { FailedDownload } from '../../src/main/cli/runs/failed-download.ts';
import { FolderWatch } from '../../src/main/cli/runs/folder-watch.ts';
import { mayPass } from '../../src/main/cli/runs/may-pass.ts';
import type { Diagnosis } from '../../src/main/doctor/diagnosis.ts';
import { EXIT_STATUS, Failure, type FailureCode } from '../../src/main/failure.ts';
import { diskFailure } from '../../src/main/files/disk-failure.ts';
import { DROP_LOOK_MS, DROP_RETRY_MAX_MS, DROP_SETTLE_MS } from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const folder = temporaryFolder();
const MIN = 60_000;
/** The folder is empty at the first look, so a file is seen at the second one, and tried when it has not changed for a while. */
const TRIED_MS = DROP_LOOK_MS + DROP_SETTLE_MS;
const LINK = `magnet:?xt=urn:btih:${'ab'.repeat(20)}`;
const WHY: Diagnosis = { code: 'all-refuse', text: 'the only peer refuses', advice: 'go elsewhere' };

function failed(code: FailureCode, more: Partial<FailedDownload> = {}): FailedDownload {
  const facts = { diagnoses: [WHY], hasNoSource: false, downloadedBytes: 0, ...more };
  return new FailedDownload(new Failure(code, `it says ${code}`), facts);
}

type Fetch = (source: string, tries: number) => Promise<number>;

/** A folder that is watched, with a fake download. */
class Lab {
  readonly path = mkdtempSync(join(folder, 'drop-'));
  readonly time = new VirtualTime();
  readonly stop = new AbortController();
  /** When which link was tried. */
  readonly tries: { readonly at: number; readonly source: string }[] = [];
  readonly events: RunEvent[] = [];
  /** What is shown; with `!` if it is shown with --quiet, too. */
  readonly lines: string[] = [];
  readonly #ended: Promise<void>;

  constructor(fetch: Fetch, parallel = 1) {
    const tell = (text: string | readonly string[], mark = ''): void => {
      this.lines.push(...(typeof text === 'string' ? [text] : text).map((line) => `${mark}${line}`));
    };
    const console = {
      forSource: () => console,
      event: (event: RunEvent) => void this.events.push(event),
      news: (text: string) => tell(text),
      explain: (text: string) => tell(text, '!'),
      error: (text: string) => tell(text, '!unchoke: '),
      endProgress: () => {},
    } as unknown as Console;
    const aborted = new Promise<void>((resolve) =>
      this.stop.signal.addEventListener('abort', () => resolve()),
    );
    this.#ended = new FolderWatch({
      ...{ parallel, console, signal: this.stop.signal, stop: () => this.stop.abort() },
      drops: new DropFolder(this.path),
      fetch: (source) => {
        this.tries.push({ at: this.time.now(), source });
        return fetch(source, this.tries.filter((one) => one.source === source).length);
      },
      time: {
        now: this.time.now,
        after: (ms) => Promise.race([aborted, new Promise<void>((resolve) => this.time.after(ms, resolve))]),
      },
    }).run();
  }

  /** Lets so much time pass, second by second. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= DROP_LOOK_MS) {
      this.time.run(Math.min(left, DROP_LOOK_MS));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  put(name: string, link = LINK): void {
    writeFileSync(join(this.path, name), `${link}\n`);
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  get times(): number[] {
    return this.tries.map(({ at }) => at);
  }

  end(): Promise<void> {
    this.stop.abort();
    return this.#ended;
  }
}

const never: Fetch = () => Promise.reject(failed('no-peer'));

test('a failure that may pass: tried again after 1 minute, 2, 4 and so on, at most 30, with one line and one event each', async () => {
  const lab = new Lab(never);
  lab.put('x.magnet');
  await lab.pass(100 * MIN);
  const pauses = [1, 2, 4, 8, 16, 30, 30].map((minutes) => minutes * MIN);
  const [first = 0] = lab.times;
  assert.equal(first, TRIED_MS);
  assert.deepEqual(
    lab.times.slice(1).map((at, i) => at - (lab.times[i] ?? 0)),
    pauses,
  );
  assert.ok(lab.has('x.magnet'));
  assert.deepEqual(lab.lines.slice(0, 4), [
    'x.magnet',
    '!x.magnet is not complete: it says no-peer; why: the only peer refuses; next try in 1 min',
    'x.magnet',
    'x.magnet is not complete: it says no-peer; why: the only peer refuses; next try in 2 min',
  ]);
  const { type, code, why } = { type: 'try-failed', code: 'no-peer', why: WHY.text };
  const told = lab.events.filter((event) => event.type === 'try-failed');
  assert.deepEqual(told[1], { type, code, message: 'it says no-peer', why, failures: 2, afterMs: 2 * MIN });
  assert.equal(told.at(-1)?.afterMs, DROP_RETRY_MAX_MS);
  assert.deepEqual(
    new Set(lab.events.flatMap((event) => (event.type === 'source' ? [event.number] : []))),
    new Set([1]),
  );
  await lab.end();
});

test('to the second: nothing a second before, and its place is free for others meanwhile', async () => {
  const other = `magnet:?xt=urn:btih:${'cd'.repeat(20)}`;
  const lab = new Lab((source, tries) =>
    source === LINK && tries === 1 ? never(source, 1) : Promise.resolve(0),
  );
  lab.put('x.magnet');
  await lab.pass(10_000);
  lab.put('y.magnet', other);
  await lab.pass(TRIED_MS + MIN - 10_000 - 1);
  assert.deepEqual(
    lab.tries.map(({ source }) => source),
    [LINK, other],
  );
  assert.ok(existsSync(join(lab.path, 'done', 'y.magnet')));
  await lab.pass(1);
  assert.deepEqual(lab.tries.at(-1), { at: TRIED_MS + MIN, source: LINK });
  assert.ok(existsSync(join(lab.path, 'done', 'x.magnet')));
  await lab.end();
});

test('where data has arrived, the pause begins anew; a new reason is told with --quiet, too', async () => {
  const failures = [failed('no-peer'), failed('no-peer'), failed('timeout', { downloadedBytes: 1 })];
  const lab = new Lab((_, tries) => Promise.reject(failures[Math.min(tries, 3) - 1]));
  lab.put('x.magnet');
  await lab.pass(6 * MIN);
  assert.deepEqual(
    lab.times,
    [0, 1, 3, 4, 5].map((minutes) => TRIED_MS + minutes * MIN),
  );
  assert.deepEqual(
    lab.lines.filter((line) => /not complete/.test(line)).map((line) => line.startsWith('!')),
    [true, false, true, false, false],
  );
  await lab.end();
});

test('on a full disk data arrives at each try, and the pause grows', async () => {
  const full = new FailedDownload(diskFailure('ENOSPC', 'x'), {
    ...{ diagnoses: [], hasNoSource: false, downloadedBytes: 1 },
  });
  const lab = new Lab(() => Promise.reject(full));
  lab.put('x.magnet');
  await lab.pass(4 * MIN);
  assert.deepEqual(
    lab.times,
    [0, 1, 3].map((minutes) => TRIED_MS + minutes * MIN),
  );
  await lab.end();
});

test('a file that is removed or replaced ends its pause: a new one is tried at once, from the beginning', async () => {
  const lab = new Lab(never, 3);
  for (const name of ['gone.magnet', 'new.magnet', 'touched.magnet']) lab.put(name);
  await lab.pass(DROP_SETTLE_MS + 5_000);
  assert.equal(lab.tries.length, 3);
  rmSync(join(lab.path, 'gone.magnet'));
  const other = `magnet:?xt=urn:btih:${'cd'.repeat(20)}`;
  lab.put('new.magnet', other);
  utimesSync(join(lab.path, 'touched.magnet'), 1, 1);
  await lab.pass(1_000 + DROP_SETTLE_MS);
  assert.deepEqual(
    lab.tries.slice(3).map(({ source }) => source),
    [other, LINK],
  );
  assert.deepEqual(
    lab.events.flatMap((event) => (event.type === 'source' ? [event.number] : [])),
    [1, 2, 3, 4, 5],
  );
  const before = lab.tries.length;
  await lab.pass(MIN);
  // These two again, and not the one that is gone.
  assert.equal(lab.tries.length, before + 2);
  await lab.end();
});

test('a file that is removed or replaced during its try is not moved, and not tried again as what it was', async () => {
  const [failing, good] = [LINK, `magnet:?xt=urn:btih:${'cd'.repeat(20)}`];
  const ends: (() => void)[] = [];
  const lab = new Lab(
    (source) =>
      new Promise((resolve, reject) => {
        ends.push(() => (source === good ? resolve(0) : reject(failed('no-peer'))));
      }),
    2,
  );
  lab.put('a.magnet', failing);
  lab.put('b.magnet', good);
  await lab.pass(TRIED_MS);
  rmSync(join(lab.path, 'a.magnet'));
  lab.put('b.magnet', `${good}&dn=other`);
  for (const end of ends) end();
  await lab.pass(DROP_SETTLE_MS + 1_000);
  assert.ok(lab.lines.some((line) => /its file is gone, or was replaced$/.test(line)));
  assert.ok(!existsSync(join(lab.path, 'done')));
  assert.deepEqual(
    lab.tries.slice(2).map(({ source }) => source),
    [`${good}&dn=other`],
  );
  for (const end of ends) end();
  await lab.end();
});

test('a stop ends the pause at once', async () => {
  const lab = new Lab(never);
  lab.put('x.magnet');
  await lab.pass(TRIED_MS);
  await lab.end();
  assert.ok(lab.has('x.magnet'));
});

test('a failure that needs a person: the file goes to failed/, with what the doctor says', async () => {
  const lab = new Lab(() => Promise.reject(failed('no-peer', { hasNoSource: true })));
  lab.put('x.magnet');
  await lab.pass(5 * MIN);
  assert.equal(lab.tries.length, 1);
  assert.equal(
    readFileSync(join(lab.path, 'failed', 'x.magnet.txt'), 'utf8'),
    'it says no-peer\nwhy: the only peer refuses\n     go elsewhere\n',
  );
  assert.deepEqual(lab.lines, [
    'x.magnet',
    '!why: the only peer refuses',
    '!     go elsewhere',
    '!unchoke: it says no-peer',
  ]);
  assert.deepEqual(lab.events.at(-1), { type: 'error', code: 'no-peer', message: 'it says no-peer' });
  await lab.end();
});

test('which failures may pass: for each code, and for each error of the system', () => {
  const codes = Object.keys(EXIT_STATUS) as FailureCode[];
  assert.deepEqual(
    codes.filter((code) => mayPass(new Failure(code, ''))),
    ['no-peer', 'timeout', 'queue', 'bad-data'],
  );
  const errors = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ESTALE', 'EACCES', 'EROFS', 'EIO', 'EISDIR', 'EEXIST'];
  assert.deepEqual(
    // Threads send only the code.
    errors.filter((code) => mayPass(diskFailure(code, 'x'))),
    ['ENOSPC', 'EDQUOT', 'EMFILE', 'ESTALE'],
  );
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  assert.ok(mayPass(diskFailure('ENOSPC', 'x', full)));
  // Peers may come to an open port without being named.
  assert.ok(mayPass(failed('timeout', { hasNoSource: true })));
});
