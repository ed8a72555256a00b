/** File names through `create` and `verify`, and what these report about a wrong folder. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskPath } from '../../src/shared/byte-name.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const source = join(folder, 'My: Folder.');
const names = [
  ...[
    'Part 1: end.txt',
    'what?',
    'the "x"',
    'a\\b',
    'a|b',
    'a*b',
    '<x>',
    'Vol. 1.',
    'x ',
    'aux.txt',
    '...',
    'a\nb',
  ],
  ...[
    'ReadMe',
    'readme',
    'caf\u00e9',
    'cafe\u0301',
    'test\u202egpj',
    'te\u200est',
    'bad\udc80utf8',
    '\x1b[31m',
  ],
  ...[`${'n'.repeat(251)}.txt`, 'con', 'sub dir./in ', 'sub dir./\udcff/deep'],
];
mkdirSync(diskPath(join(source, 'sub dir.', '\udcff')), { recursive: true });
for (const name of names) writeFileSync(diskPath(join(source, name)), randomBytes(1_000));
symlinkSync('what?', join(source, 'linked'));
symlinkSync('nowhere', join(source, 'dangling'));
symlinkSync('.', join(source, 'loop'));
execFileSync('mkfifo', [join(source, 'pipe')]);
const torrent = join(source, 'made.torrent');

async function create(...more: string[]) {
  const run = await runCli('create', source, '-o', torrent, '--json', ...more);
  assert.equal(run.status, 0, run.stderr);
  return run.events.at(-1) ?? {};
}

test('verify accepts the files of create, with any names; create lists the files that it leaves out', async () => {
  const first = await create();
  assert.equal(first['files'], names.length + 1);
  const leftOut = [
    { path: 'dangling', reason: 'a link to nothing' },
    { path: 'loop', reason: 'a link to a folder' },
    { path: 'pipe', reason: 'not a file or a folder' },
  ];
  assert.deepEqual(first['leftOut'], leftOut);
  const again = await create('--force');
  assert.equal(again['infoHash'], first['infoHash'], 'its own output is not hashed');
  assert.deepEqual(
    again['leftOut'],
    [...leftOut, { path: 'made.torrent', reason: 'the .torrent file itself' }].sort((a, b) =>
      a.path < b.path ? -1 : 1,
    ),
  );
  const verified = await runCli('verify', torrent, folder, '--json');
  assert.equal(verified.status, 0, verified.stderr);
  const files = verified.events.at(-1)?.['files'] as { path: string; status: string }[];
  const relative = files.map(({ path }) => path.slice(source.length + 1));
  assert.deepEqual(relative.toSorted(), [...names, 'linked'].toSorted());
  assert.ok(readdirSync(source).every((name) => !name.endsWith('.part')));
  const shown = await runCli('inspect', torrent);
  assert.ok(!shown.stdout.includes('\x1b') && !shown.stdout.includes('\u202e'));
});

test('create refuses names that verify could not find', async () => {
  for (const name of ['a/b', '..', '', 'a\nb'.repeat(100)]) {
    const run = await runCli('create', source, '-o', join(folder, 'no.torrent'), '--name', name);
    assert.deepEqual([run.status, /not a valid file name/.test(run.stderr)], [2, true], run.stderr);
  }
  const single = join(folder, 'single.torrent');
  writeFileSync(single, 'x');
  const run = await runCli('create', single, '-o', single, '--force');
  assert.deepEqual([run.status, /would replace its own content/.test(run.stderr)], [2, true]);
});

test('verify reports a file that is too long, a folder or a pipe in its place, and a wrong folder', async () => {
  const plain = join(folder, 'plain');
  mkdirSync(plain);
  for (const name of ['good', 'long', 'folder', 'pipe', 'empty'])
    writeFileSync(join(plain, name), name === 'empty' ? '' : name);
  const made = join(folder, 'plain.torrent');
  assert.equal((await runCli('create', plain, '-o', made)).status, 0);
  const missing = await runCli('verify', made, join(folder, 'nope'));
  assert.deepEqual([missing.status, /nope: this folder does not exist/.test(missing.stderr)], [5, true]);
  const inside = await runCli('verify', made, plain);
  const isNamed = inside.stderr.includes(`its files are in ${folder}: give that folder`);
  assert.deepEqual([inside.status, isNamed], [5, true], inside.stderr);
  for (const [file, right] of [
    [join(plain, 'good'), `its files are in ${folder}: give that folder`],
    [made, `give the folder of the download: ${folder}`],
  ] as const) {
    const { status, stderr } = await runCli('verify', made, file);
    assert.deepEqual([status, stderr.includes(`${file}: this is a file; ${right}`)], [5, true], stderr);
  }
  const link = await runCli('verify', `magnet:?xt=urn:btih:${'0'.repeat(40)}`);
  assert.deepEqual([link.status, /verify reads only .torrent files/.test(link.stderr)], [2, true]);
  const nowhere = join(folder, 'no', 'where');
  mkdirSync(nowhere, { recursive: true });
  const wrong = await runCli('verify', made, nowhere);
  assert.deepEqual(
    [
      wrong.status,
      /no file of plain is there; give the folder that contains it/.test(wrong.stderr),
      wrong.stdout,
    ],
    [5, true, ''],
  );
  appendFileSync(join(plain, 'long'), 'er');
  appendFileSync(join(plain, 'empty'), '!');
  for (const name of ['folder', 'pipe']) rmSync(join(plain, name));
  mkdirSync(join(plain, 'folder'));
  execFileSync('mkfifo', [join(plain, 'pipe')]);
  renameSync(join(plain, 'good'), join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere'), join(plain, 'good'));
  const run = await runCli('verify', made, folder, '--json');
  assert.equal(run.status, 6);
  const files = run.events.at(-1)?.['files'] as { path: string; fault: string | null }[];
  assert.deepEqual(
    files.map(({ path, fault }) => [path.slice(plain.length + 1), fault]),
    [
      ['empty', '1 byte too long'],
      ['folder', 'it is a folder'],
      ['good', null],
      ['long', '2 bytes too long'],
      ['pipe', 'it is not a file'],
    ],
  );
});

test('a folder and a torrent on the command line may have names of other bytes than UTF-8', () => {
  const odd = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('odd\xff', 'latin1')]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from('/x')]), 'x');
  // Node passes only UTF-8 to a child, a shell passes any bytes.
  const run = (words: string, before = 'true'): void =>
    void execFileSync('sh', [
      '-c',
      `cd "$1" && set -- "$(printf 'odd\\377')" && ${before} && "${process.execPath}" "${CLI}" ${words}`,
      'sh',
      folder,
    ]);
  run('create "$1"');
  run('create "$1/x"');
  run('verify "$1.torrent" .');
  // From inside the folder, where Node does not know its path.
  writeFileSync(Buffer.concat([odd, Buffer.from('/x.torrent')]), readFileSync(join(folder, 'x.torrent')));
  run('verify x.torrent .', 'cd "$1"');
  const line = 'get x.torrent --no-dht --no-lsd --on-complete ./hook';
  run(
    line,
    'cd "$1" && printf "#!/bin/sh\nprintf %%s \\"\\$UNCHOKE_DONE_PATH\\" > told\n" > hook && chmod +x hook',
  );
  const told = readFileSync(Buffer.concat([odd, Buffer.from('/told')]));
  assert.deepEqual(told, Buffer.concat([odd, Buffer.from('/x')]), 'the hook hears the very bytes');
  assert.ok(readdirSync(folder, 'latin1').includes('odd\xff.torrent'));
});
