/** Causes in the files that are on disk already. */
import { join } from 'node:path';
import { MAY_SLOW_READS, slowReads } from '../slow-reads.ts';
import type { Cause } from './cause.ts';

const PIECES = 5;

export const DISK_CAUSES: readonly Cause[] = [
  {
    cause: 'what is on disk is checked, and the disk is slow',
    isLong: true,
    code: 'checking-disk',
    completes: true,
    under: MAY_SLOW_READS ? (scene) => slowReads(join(scene.output, 'a')) : null,
    args: (scene) => {
      scene.has(PIECES);
      return scene.get();
    },
  },
  {
    cause: 'what is on disk is checked, and complete',
    code: null,
    args: (scene) => {
      scene.has(PIECES);
      return scene.get();
    },
  },
];
