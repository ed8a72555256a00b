/** `npm run schema`: writes docs/events.schema.json. A unit test fails if the file differs from the types. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventSchema } from './event-schema.ts';

// It runs from build/docs.
const root = dirname(dirname(import.meta.dirname));
writeFileSync(join(root, 'docs', 'events.schema.json'), `${JSON.stringify(eventSchema(root), null, 2)}\n`);
