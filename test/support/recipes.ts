/** The recipes of docs/clusters.md, which tests run as they are written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.ts';

/** The lines of the recipe whose text begins with this word in bold, for example `Slurm:`. */
export function recipe(heading: string): string {
  const page = readFileSync(join(ROOT, 'docs', 'clusters.md'), 'utf8');
  const parts = page.split('**');
  const section = parts[parts.indexOf(heading) + 1] ?? '';
  const [, block] = /```\n([\s\S]*?)```/.exec(section) ?? [];
  assert.ok(block !== undefined, heading);
  return block;
}
