/** A download that ends with what it has, because no source has the rest: its failure and its text. */
import { MAX_FILES_NAMED } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import type { UnavailableFile } from './download-options.ts';

export function incompleteFailure(missing: readonly UnavailableFile[], root: string): Failure {
  const [first, ...others] = missing;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return new Failure(
    'bad-data',
    `${missing.length} ${missing.length === 1 ? 'file is' : 'files are'} incomplete, because no source has the missing data: ${first?.path}${more}; the rest is verified: ${root}`,
  );
}

export function missingText(missing: readonly UnavailableFile[]): string[] {
  const lines = missing
    .slice(0, MAX_FILES_NAMED)
    .map(({ path, reason }) => `incomplete: ${path} (${reason})`);
  const left = missing.length - lines.length;
  return left > 0 ? [...lines, `and ${left} more`] : lines;
}
