/**
 * `verify` and `create` against plain `createHash` on one thread and against `openssl speed`, by version and number of hashers, on
 * a tmpfs. A hybrid is hashed twice: its reference is one hash after the other.
 * `npm run bench:hashing -- [--size 512M] [--hashers 1,2] [--versions v1,v2,hybrid] [--rounds 5] [--json FILE] [--compare FILE]`
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseSize } from '../src/main/text/units.ts';
import { CLI } from '../test/support/paths.ts';
import { machineLine } from './machine.ts';
import { writePayload } from './payload.ts';
import { type Figures, interleaved, recordOf } from './record.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '512M' },
    hashers: { type: 'string', default: '1,2' },
    versions: { type: 'string', default: 'v1,v2,hybrid' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    compare: { type: 'string' },
  },
});
const MIB = 2 ** 20;
const bytes = parseSize('--size', values.size);

/** What a piece of each version is hashed with. */
const KINDS: Readonly<Record<string, readonly ('sha1' | 'sha256')[]>> = {
  v1: ['sha1'],
  v2: ['sha256'],
  hybrid: ['sha1', 'sha256'],
};

/** The rate of one thread without reading: the reference. */
function plainHash(kinds: readonly string[]): Figures {
  const piece = Buffer.alloc(MIB, 7);
  const begun = performance.now();
  for (let done = 0; done < bytes; done += MIB)
    for (const kind of kinds) createHash(kind).update(piece).digest();
  return { 'MiB/s': [(bytes / MIB / (performance.now() - begun)) * 1_000] };
}

/** The same with reading: what a thread can reach at most. */
function readAndHash(path: string, kinds: readonly string[]): Figures {
  const piece = Buffer.alloc(MIB);
  const file = openSync(path, 'r');
  const begun = performance.now();
  for (let done = 0; done < bytes; done += MIB) {
    readSync(file, piece, 0, MIB, done);
    for (const kind of kinds) createHash(kind).update(piece).digest();
  }
  const ms = performance.now() - begun;
  closeSync(file);
  return { 'MiB/s': [(bytes / MIB / ms) * 1_000] };
}

function opensslSpeed(kind: string): Figures | null {
  const { stdout, status } = spawnSync(
    'openssl',
    ['speed', '-seconds', '1', '-bytes', String(MIB), '-evp', kind],
    {
      encoding: 'utf8',
    },
  );
  const found = new RegExp(`^${kind} +([\\d.]+)k`, 'im').exec(stdout ?? '');
  return status !== 0 || found === null ? null : { 'MiB/s': [(Number(found[1]) * 1_000) / MIB] };
}

/** Only the work, as the command itself measures it: without the start of the process. */
function command(...args: readonly string[]): Figures {
  const { stdout, stderr } = spawnSync(process.execPath, [CLI, ...args, '--json', '--quiet'], {
    encoding: 'utf8',
  });
  const end = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; ms: number })
    .find(({ type }) => type === 'verified' || type === 'created');
  if (end === undefined) throw new Error(`${args[0]}: ${stderr}`);
  return { 'MiB/s': [(bytes / MIB / end.ms) * 1_000] };
}

const folder = mkdtempSync('/dev/shm/unchoke-bench-');
try {
  const source = join(folder, 'payload.bin');
  writePayload(source, bytes);
  const subjects = values.versions.split(',').flatMap((version) => {
    const kinds = KINDS[version];
    if (kinds === undefined) throw new Error(`--versions ${version}: not v1, v2 or hybrid`);
    const torrent = join(folder, `${version}.torrent`);
    const options = [`--${version}`, '-o', torrent, '--force', '--piece-length', '1M'];
    const make = (hashers: string) => command('create', source, ...options, '--hashers', hashers);
    make('1');
    const plain = kinds.map((kind) => ({
      name: `openssl speed ${kind}, one process`,
      run: () => opensslSpeed(kind),
    }));
    return [
      { name: `${version}: createHash, one thread, nothing read`, run: () => plainHash(kinds) },
      { name: `${version}: read and createHash, one thread`, run: () => readAndHash(source, kinds) },
      ...(version === 'hybrid' ? [] : plain),
      ...values.hashers.split(',').flatMap((hashers) => [
        {
          name: `${version}: verify, ${hashers} hashers`,
          run: () => command('verify', torrent, folder, '--hashers', hashers),
        },
        { name: `${version}: create, ${hashers} hashers`, run: () => make(hashers) },
      ]),
    ];
  });
  const rows = await interleaved(subjects, Number(values.rounds), ({ run }) => Promise.resolve(run()));
  process.stdout.write(
    `${machineLine()}\n${values.size} on a tmpfs, pieces of 1 MiB; median (least..most)\n\n`,
  );
  process.stdout.write(`${recordOf(rows, values)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
