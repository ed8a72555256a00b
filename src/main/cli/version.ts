/** What `--version` says. The plain number is first, for scripts; the rest is what a report of a bug needs. */
import { VERSION } from '../network/identity.ts';

/** Set by `build.mjs`: empty if there was no git. */
declare const UNCHOKE_COMMIT: string;

export function versionText(commit = UNCHOKE_COMMIT): string {
  const built = commit === '' ? [] : [`commit ${commit}`];
  const machine = [`Node ${process.version}`, `${process.platform} ${process.arch}`];
  return `${VERSION} (${[...built, ...machine].join(', ')})`;
}
