/** The settings of `unchoke share`, from its flags. */
import { BLOCK_BYTES } from '../../shared/limits.ts';
import { BadOption, Failure } from '../failure.ts';
import { outputFile } from '../files/output-option.ts';
import { natObstacle, type SeedGoals } from '../session/settings.ts';
import { parsePort, parseRate, parseSize } from '../text/units.ts';
import type { TorrentVersion } from '../torrent/torrent-version.ts';
import type { ShareFlags } from './commands/share.ts';
import type { VersionFlags } from './commands/version-options.ts';
import { given, parseHashers, type RunSettings, runSettings, seedGoals } from './settings-from-flags.ts';

export interface ShareSettings extends RunSettings {
  /** The folder of the data of .torrent files; null: the folder of each. */
  readonly data: string | null;
  readonly saveTorrent: string | null;
  /** Of a torrent that is made; null: the one that suits the data. */
  readonly version: TorrentVersion | null;
  /** The same; null: by its size. */
  readonly pieceLength: number | null;
  readonly private: boolean;
  readonly goals: SeedGoals;
  readonly superSeed: boolean;
}

export function shareSettings(flags: ShareFlags): ShareSettings {
  const { session, ...run } = runSettings({ ...flags, strategy: 'first-unchoke', maxPeers: '0' });
  const port = parsePort('--port', flags.port);
  const wanted = { ...session, port };
  const obstacle = natObstacle(wanted);
  if (flags.nat === true && obstacle !== null) throw new BadOption('--nat', `does not work ${obstacle}`);
  return {
    ...run,
    session: {
      ...wanted,
      hashers: parseHashers(flags.hashers),
      uploadLimit: parseRate('--upload-limit', flags.uploadLimit),
      nat: flags.nat ?? obstacle === null,
    },
    data: flags.data ?? null,
    saveTorrent: given('--save-torrent', flags.saveTorrent, outputFile),
    version: chosenVersion(flags),
    pieceLength: flags.pieceLength === undefined ? null : parsePieceLength(flags.pieceLength),
    private: flags.private === true,
    superSeed: flags.superSeed === true,
    goals: seedGoals({ ...flags, seed: true }) ?? { ratio: null, time: null },
  };
}

/** Null if the user does not choose. Throws a usage failure. */
export function chosenVersion(flags: VersionFlags): TorrentVersion | null {
  const [chosen, other] = (['hybrid', 'v2', 'v1'] as const).filter((version) => flags[version] === true);
  if (other !== undefined)
    throw new Failure('usage', `--${chosen} and --${other}: choose one; a hybrid has both versions`);
  return chosen ?? null;
}

/** Throws a usage failure. */
export function parsePieceLength(text: string): number {
  const bytes = parseSize('--piece-length', text);
  if (bytes < BLOCK_BYTES || !Number.isInteger(Math.log2(bytes)))
    throw new BadOption('--piece-length', `${text}: not a power of two of at least 16K`);
  return bytes;
}
