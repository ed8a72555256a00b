import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventSchema } from '../../docs/event-schema.ts';
import { ROOT } from '../support/paths.ts';

test('docs/events.schema.json is what the types of the events give (else: npm run schema)', () => {
  const written: unknown = JSON.parse(readFileSync(join(ROOT, 'docs', 'events.schema.json'), 'utf8'));
  assert.equal(JSON.stringify(eventSchema(ROOT), null, 1), JSON.stringify(written, null, 1));
});
