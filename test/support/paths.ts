/** Where things are. Tests run from build/test. */
import { dirname, join } from 'node:path';

export const ROOT = dirname(dirname(dirname(import.meta.dirname)));
/** The command line as users run it: the built one. */
export const CLI = join(ROOT, 'dist', 'main', 'cli.js');
