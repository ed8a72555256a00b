/** How many sockets this process may open: its limit of file descriptors, less what the rest of it needs. */
import { readFileSync } from 'node:fs';
import { RESERVED_DESCRIPTORS } from '../shared/limits.ts';

/** Where the system tells no limit: what common ones allow. */
const ASSUMED_LIMIT = 1_024;

/** Sockets for peers, at least 16. Node raises the soft limit to the hard one at its start. */
export function peerDescriptors(): number {
  return Math.max(16, processLimit() - RESERVED_DESCRIPTORS);
}

function processLimit(): number {
  try {
    const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (match?.[1] === 'unlimited') return 1_000_000;
    if (match !== null) return Number(match[1]);
  } catch {
    // Not Linux: the diagnostic report knows.
  }
  const report = process.report?.getReport() as
    | { userLimits?: { open_files?: { soft?: number | string } } }
    | undefined;
  const soft = Number(report?.userLimits?.open_files?.soft);
  return Number.isFinite(soft) && soft > 0 ? soft : ASSUMED_LIMIT;
}
