/** A task of a thread pool: returns what memory its thread may take. */
import { type ResourceLimits, resourceLimits } from 'node:worker_threads';

export default function ownLimits(): ResourceLimits {
  return resourceLimits;
}
