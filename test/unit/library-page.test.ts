/** docs/library.md names all options, errors and events of the package. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXIT_STATUS } from '../../src/main/failure.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../src/main/session/settings.ts';
import { ROOT } from '../support/paths.ts';

const page = readFileSync(join(ROOT, 'docs', 'library.md'), 'utf8');

/** The code in the first column of the table below a heading. */
function firstColumn(heading: string): string[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const cells = [...section.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell]) => cell as string);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)).sort();
}

test('every option is on the page, and no other', () => {
  const options = [...Object.keys({ ...DEFAULT_SESSION, ...DEFAULT_TORRENT }), 'signal', 'onEvent'];
  assert.deepEqual(firstColumn('Options'), options.sort());
});

test('every code of a failure is on the page with its exit status', () => {
  assert.deepEqual(firstColumn('Errors'), Object.keys(EXIT_STATUS).sort());
  for (const [code, status] of Object.entries(EXIT_STATUS))
    assert.ok(page.includes(`| \`${code}\` | ${status} |`), code);
});

test('every event on the page is in the schema', () => {
  const schema = JSON.parse(readFileSync(join(ROOT, 'docs', 'events.schema.json'), 'utf8')) as {
    definitions: object;
  };
  const events = firstColumn('Events');
  assert.ok(events.length >= 10);
  for (const type of events) assert.ok(Object.hasOwn(schema.definitions, type), type);
});
