/**
 * `verify` and `create` against plain `createHash` on one thread and against `openssl speed`, by number of hashers, on a tmpfs.
 * `npm run bench:hashing -- [--size 512M] [--hashers 1,2] [--rounds 5] [--json FILE] [--compare FILE]`
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
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
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    compare: { type: 'string' },
  },
});
const MIB = 2 ** 20;
const bytes = parseSize('--size', values.size);

/** The rate of one thread without reading: the reference. */
function plainHash(): Figures {
  const piece = Buffer.alloc(MIB, 7);
  const begun = performance.now();
  for (let done = 0; done < bytes; done += MIB) createHash('sha1').update(piece).digest();
  return { 'MiB/s': [(bytes / MIB / (performance.now() - begun)) * 1_000] };
}

function opensslSpeed(): Figures | null {
  const { stdout, status } = spawnSync(
    'openssl',
    ['speed', '-seconds', '1', '-bytes', String(MIB), '-evp', 'sha1'],
    {
      encoding: 'utf8',
    },
  );
  const found = /^sha1 +([\d.]+)k/im.exec(stdout ?? '');
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
  const torrent = join(folder, 'payload.torrent');
  writePayload(source, bytes);
  const make = (hashers: string) =>
    command('create', source, '-o', torrent, '--force', '--piece-length', '1M', '--hashers', hashers);
  make('1');
  const subjects: { readonly name: string; readonly run: () => Figures | null }[] = [
    { name: 'createHash, one thread, nothing read', run: plainHash },
    { name: 'openssl speed, one process', run: opensslSpeed },
    ...values.hashers.split(',').flatMap((hashers) => [
      {
        name: `verify, ${hashers} hashers`,
        run: () => command('verify', torrent, folder, '--hashers', hashers),
      },
      { name: `create, ${hashers} hashers`, run: () => make(hashers) },
    ]),
  ];
  const rows = await interleaved(subjects, Number(values.rounds), ({ run }) => Promise.resolve(run()));
  process.stdout.write(
    `${machineLine()}\n${values.size} on a tmpfs, pieces of 1 MiB; median (least..most)\n\n`,
  );
  process.stdout.write(`${recordOf(rows, values)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
