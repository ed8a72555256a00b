/** Every event that a test sees is checked against the published schema, strictly: no unknown fields. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { ROOT } from './paths.ts';

const schema = JSON.parse(readFileSync(join(ROOT, 'docs', 'events.schema.json'), 'utf8')) as object;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** Throws Error with what is wrong with the event. */
export function checkEvent(event: unknown): void {
  if (validate(event)) return;
  throw new Error(
    `not as in docs/events.schema.json: ${JSON.stringify(event).slice(0, 400)}\n${JSON.stringify(validate.errors)}`,
  );
}
