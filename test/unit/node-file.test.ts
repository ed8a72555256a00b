/** Nodes of the DHT that runs keep for each other. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type KeptNode, NodeFile } from '../../src/main/discovery/node-file.ts';
import { MAX_KEPT_DHT_NODES } from '../../src/shared/limits.ts';

const folder = mkdtempSync(join(tmpdir(), 'unchoke-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const store = (path: string) => new NodeFile(path, () => Date.now());
const keepNodes = (path: string, nodes: readonly KeptNode[]) => store(path).keep(nodes);
const readNodes = (path: string) => store(path).read();
const at = (name: string): string => join(folder, name);
const node = (i: number, seen: number) => ({ host: `1.2.${i >> 8}.${i & 255}`, port: 6_881, seen });
const some = (count: number, from: number, seen: number) =>
  Array.from({ length: count }, (_, i) => node(from + i, seen + i));

test('of two runs, the nodes seen last stay, each once', () => {
  const file = at('new/folder/dht.json');
  keepNodes(file, some(150, 0, 1_000));
  keepNodes(file, [...some(150, 100, 500), node(0, 9_000)]);
  const kept = readNodes(file);
  assert.equal(kept.length, MAX_KEPT_DHT_NODES);
  assert.deepEqual(kept[0], node(0, 9_000));
  assert.equal(new Set(kept.map(({ host }) => host)).size, MAX_KEPT_DHT_NODES);
  for (const one of some(149, 1, 1_001))
    assert.ok(kept.some(({ host, seen }) => host === one.host && seen === one.seen));
});

test('a run without nodes removes none', () => {
  const file = at('empty.json');
  keepNodes(file, [node(1, 1)]);
  keepNodes(file, []);
  assert.equal(readNodes(file).length, 1);
});

test('runs that end at the same moment keep the nodes of each', async () => {
  const file = at('together.json');
  const module = new URL('../../src/main/discovery/node-file.js', import.meta.url).href;
  const runs = Array.from({ length: 3 }, (_, i) => {
    const nodes = JSON.stringify(some(20, i * 20, 1_000));
    const program = `import { NodeFile } from '${module}'; const file = new NodeFile('${file}', () => Date.now()); process.stdin.once('data', () => { for (let i = 0; i < 5; i++) file.keep(${nodes}.slice(i * 4, i * 4 + 4)); process.exit(); }); process.stdout.write('ready');`;
    return spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  });
  await Promise.all(runs.map(({ stdout }) => once(stdout, 'data')));
  for (const { stdin } of runs) stdin.end('go');
  await Promise.all(runs.map((run) => once(run, 'exit')));
  assert.equal(readNodes(file).length, 60);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('.lock') || name.startsWith('.')),
    [],
  );
});

test('a file of an earlier version is read; invalid nodes and files that are not ours are not', () => {
  const file = at('odd.json');
  writeFileSync(file, JSON.stringify({ v: 1, nodes: [{ host: '9.9.9.9', port: 1 }] }));
  assert.deepEqual(readNodes(file), [{ host: '9.9.9.9', port: 1, seen: 0 }]);
  const odd = [
    null,
    7,
    {},
    { host: '1.1.1.1' },
    { host: 'a.example', port: 1 },
    { host: '1.1.1.1', port: 70_000 },
  ];
  writeFileSync(
    file,
    JSON.stringify({ nodes: [...odd, { host: '1.1.1.1', port: 0 }, { host: '224.0.0.1', port: 1 }] }),
  );
  assert.deepEqual(readNodes(file), []);
  for (const text of ['', '{', 'null', '[]', '"x"', '{"nodes":{}}', `{"nodes":[]}${' '.repeat(300_000)}`]) {
    writeFileSync(file, text);
    assert.deepEqual(readNodes(file), [], text.slice(0, 20));
    keepNodes(file, [node(3, 3)]);
    assert.deepEqual(readNodes(file), [node(3, 3)], 'and it is mended');
  }
  const future = Date.now() + 1e9;
  keepNodes(file, [node(4, future)]);
  assert.deepEqual(readNodes(file).find(({ host }) => host === '1.2.0.4')?.seen, 0, 'a clock that was wrong');
});

test('no link is followed, and the lock of a killed run blocks no other', () => {
  const file = at('linked.json');
  writeFileSync(at('precious'), JSON.stringify({ nodes: [node(9, 9)] }));
  symlinkSync(at('precious'), file);
  assert.deepEqual(readNodes(file), []);
  writeFileSync(`${file}.lock`, '');
  utimesSync(`${file}.lock`, 1, 1);
  keepNodes(file, [node(1, 1)]);
  assert.deepEqual(readNodes(file), [node(1, 1)]);
  assert.equal(lstatSync(file).isSymbolicLink(), false);
  assert.deepEqual(JSON.parse(readFileSync(at('precious'), 'utf8')), { nodes: [node(9, 9)] });
});
