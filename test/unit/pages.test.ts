/** README and docs: links lead somewhere, and the page of options has all options and no other. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { defineGet } from '../../src/main/cli/commands/get-flags.ts';
import { EXIT_STATUS } from '../../src/main/failure.ts';
import { ROOT } from '../support/paths.ts';

const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');
const pages = ['.', 'docs', 'bench'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** The names that GitHub gives to headings. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every link between the pages leads to a file, and to a heading of it', () => {
  let count = 0;
  for (const page of pages)
    for (const [, link = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      assert.ok(existsSync(join(ROOT, target)), `${page}: ${link}`);
      if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), `${page}: ${link}`);
      count += 1;
    }
  assert.ok(count > 30, `only ${count} links were found`);
});

test('every page in docs has a link from the README', () => {
  const readme = textOf('README.md');
  for (const name of readdirSync(join(ROOT, 'docs')).filter((one) => /\.(?:md|png)$/.test(one)))
    assert.ok(readme.includes(`](docs/${name})`), name);
});

test('docs/options.md has every option of get, and the tables have no other', () => {
  const tables = textOf('docs/options.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replaceAll('\\|', '/').split('|')[1] ?? '');
  const named = new Set(tables.flatMap((cell) => cell.match(/--[a-z\d-]+[a-z\d]/g) ?? []));
  const options = defineGet(new Command('get')).options.filter(({ hidden }) => !hidden);
  const known = options.map(({ long }) => long ?? '').filter((long) => long !== '--help-all');
  assert.deepEqual([...named].sort(), known.sort());
});

test('docs/scripts.md has every exit status', () => {
  const statuses = [...textOf('docs/scripts.md').matchAll(/^\| (\d+) \|/gm)].map(([, status]) =>
    Number(status),
  );
  assert.deepEqual(
    statuses,
    [...new Set([0, ...Object.values(EXIT_STATUS)])].sort((a, b) => a - b),
  );
});

test('docs/scripts.md has every event of the schema, and no other', () => {
  const { properties } = JSON.parse(textOf('docs/events.schema.json')) as {
    properties: { type: { enum: string[] } };
  };
  const section =
    textOf('docs/scripts.md')
      .split(/^## /m)
      .find((one) => one.startsWith('JSON\n')) ?? '';
  const cells = section
    .split('\n')
    .flatMap((line) => (line.startsWith('| `') ? [line.split('|')[1] ?? ''] : []));
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''));
  assert.deepEqual(named.sort(), properties.type.enum.toSorted());
});
