/**
 * What is said of `unchoke swarm` is what it does: kinds of peers, mixes, files. With UNCHOKE_WRITE_SWARM_TABLES=1 it writes the tables
 * of docs/swarm.md.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kindsText, NAMED_MIXES, PEER_KINDS } from '../../src/main/cli/commands/swarm-kinds.ts';
import { MIXES, PERSONALITIES } from '../../src/swarm/mix.ts';
import { fileLengths } from '../../src/swarm/torrent-file.ts';
import { ROOT } from '../support/paths.ts';

const PAGE = join(ROOT, 'docs', 'swarm.md');

function sharesOf(mix: string): string {
  const shares = Object.entries(MIXES[mix] ?? {}).sort(([, a], [, b]) => b - a);
  return shares.map(([name, share]) => `${Math.round(share * 100)} % \`${name}\``).join(', ');
}

const mixRows = NAMED_MIXES.map(([name, what]) => `| \`${name}\` | ${what} | ${sharesOf(name)} |`);
const kindRows = PEER_KINDS.map(([name, what]) => `| \`${name}\` | ${what} |`);

function table(name: string, head: readonly string[]): string {
  return [`<!-- ${name} -->`, ...head, '<!-- end -->'].join('\n');
}

test('every kind of peer and every mix has its line in the help, and no other', () => {
  assert.deepEqual(PEER_KINDS.map(([name]) => name).sort(), [...PERSONALITIES].sort());
  assert.deepEqual(NAMED_MIXES.map(([name]) => name).sort(), Object.keys(MIXES).sort());
  for (const columns of [60, 80]) {
    const lines = kindsText(columns).split('\n');
    for (const name of PERSONALITIES)
      assert.ok(
        lines.some((line) => line.startsWith(`  ${name} `)),
        name,
      );
    for (const line of lines) assert.ok(line.length < Math.max(columns, 78), line);
  }
});

test('docs/swarm.md has the tables of both', () => {
  const tables = [
    table('mixes', ['| mix | what it is like | peers |', '|---|---|---|', ...mixRows]),
    table('kinds', ['| kind | what it does |', '|---|---|', ...kindRows]),
  ];
  const page = readFileSync(PAGE, 'utf8');
  if (process.env['UNCHOKE_WRITE_SWARM_TABLES'] === '1') {
    let written = page;
    for (const one of tables) {
      const [begin = ''] = one.split('\n');
      const old = written.slice(written.indexOf(begin));
      written = written.replace(old.slice(0, old.indexOf('<!-- end -->') + '<!-- end -->'.length), () => one);
    }
    writeFileSync(PAGE, written);
    return;
  }
  for (const one of tables) assert.ok(page.includes(one), `expected in docs/swarm.md:\n${one}`);
});

test('files have all bytes together, each more than the one before', () => {
  assert.deepEqual(fileLengths(60, 3), [10, 20, 30]);
  const lengths = fileLengths(1_000_003, 7);
  assert.equal(
    lengths.reduce((sum, one) => sum + one, 0),
    1_000_003,
  );
  assert.ok(lengths.every((one, i) => i === 0 || one > (lengths[i - 1] ?? 0)));
  assert.deepEqual(fileLengths(6, 3), [1, 2, 3]);
});
