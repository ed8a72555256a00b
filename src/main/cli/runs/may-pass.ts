/** Which failures of a download may be over later, so that the same source can be tried again. */
import type { Failure, FailureCode } from '../../failure.ts';
import { FailedDownload } from './failed-download.ts';

const PASSING: Readonly<Record<FailureCode, boolean>> = {
  // A peer, a tracker or the network may come back; another source may have the files that are missing now.
  'no-peer': true,
  timeout: true,
  'bad-data': true,
  queue: true,
  // These need a person. For a disk, the system's error says more.
  'bad-torrent': false,
  disk: false,
  usage: false,
  bug: false,
  // Who ends a run decides what follows.
  interrupted: false,
};

/** Errors of the system that end without anybody who changes a file: the disk is full, something is used up or in use, a share is away. */
const PASSING_ERRORS: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EBUSY',
  'EAGAIN',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE',
  'ENOTCONN',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'EHOSTUNREACH',
]);

export function mayPass(failure: Failure): boolean {
  if (failure instanceof FailedDownload && failure.hasNoSource) return false;
  return (
    PASSING[failure.code] || PASSING_ERRORS.has((failure.cause as NodeJS.ErrnoException | undefined)?.code)
  );
}
