/** For commands that work with files on disk: a link instead of a path. */
import { existsSync } from 'node:fs';
import { diskPath } from '../../../shared/byte-name.ts';
import { Failure } from '../../failure.ts';
import { isPath } from '../../torrent/source.ts';

/** Throws a `usage` failure that names the command, and does not repeat the link. A file may be named like an info hash. */
export function assertNoLink(command: string, path: string, advice: string): void {
  if (isPath(path) || existsSync(diskPath(path))) return;
  throw new Failure('usage', `${command} takes a path on this machine, no link or info hash; ${advice}`);
}
