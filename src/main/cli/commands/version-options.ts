/** The version of a torrent that a command makes (BEP 52). */
import { Option } from 'commander';

export interface VersionFlags {
  readonly hybrid?: boolean;
  readonly v1?: boolean;
  readonly v2?: boolean;
}

/** One of them on the command line switches off another one in the environment or the config file. `which`: before the help. */
export function versionOptions(which = ''): Option[] {
  return [
    new Option(
      '--hybrid',
      `${which}for peers of versions 1 and 2 (BEP 52); the default for one file without --private`,
    ).implies({ v1: false, v2: false }),
    new Option('--v2', `${which}version 2 only, which many clients cannot read`).implies({
      hybrid: false,
      v1: false,
    }),
    new Option('--v1', `${which}version 1 only; the default for a folder, and with --private`).implies({
      hybrid: false,
      v2: false,
    }),
  ];
}
