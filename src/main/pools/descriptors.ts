/** Divides the process's file descriptors: threads and pipes first, then files, and the rest for peers. */
import { readFileSync } from 'node:fs';
import {
  DESCRIPTORS_PER_THREAD,
  MAX_OPEN_FILES_PER_HASHER,
  RESERVED_DESCRIPTORS,
} from '../../shared/limits.ts';

/** The usual limit, for systems that do not report theirs. */
const ASSUMED_LIMIT = 1_024;

export interface DescriptorBudget {
  /** Sockets for peers, over all shards. */
  readonly peers: number;
  readonly filesPerHasher: number;
}

/** At least a few of each, even if there are almost none: EMFILE is handled where it occurs. */
export function descriptorBudget(shards: number, hashers: number): DescriptorBudget {
  const free = processLimit() - RESERVED_DESCRIPTORS - DESCRIPTORS_PER_THREAD * (shards + hashers);
  const filesPerHasher = Math.min(MAX_OPEN_FILES_PER_HASHER, Math.max(2, Math.floor(free / 4 / hashers)));
  return { peers: Math.max(8, free - filesPerHasher * hashers), filesPerHasher };
}

/** Node raises the soft limit to the hard limit at its start. */
function processLimit(): number {
  try {
    const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (match?.[1] === 'unlimited') return 1_000_000;
    if (match !== null) return Number(match[1]);
  } catch {
    // Not Linux: the diagnostic report has the limit.
  }
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: number | string } } }
    | undefined;
  const soft = Number(report?.userLimits?.open_files?.soft);
  return Number.isFinite(soft) && soft > 0 ? soft : ASSUMED_LIMIT;
}
