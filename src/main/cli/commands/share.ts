/** `unchoke share`: gives data to peers. */
import type { Command } from 'commander';
import { DEFAULT_SESSION } from '../../session/settings.ts';
import { allCoresOption, type RaceFlags, withPeerOptions } from './options.ts';
import { type VersionFlags, versionOptions } from './version-options.ts';

export interface ShareFlags extends Omit<RaceFlags, 'strategy' | 'maxPeers' | 'report'>, VersionFlags {
  readonly data?: string;
  readonly saveTorrent?: string;
  readonly pieceLength?: string;
  readonly private?: boolean;
  readonly hashers: string;
  readonly uploadLimit: string;
  readonly seedRatio?: string;
  readonly seedTime?: string;
  readonly port: string;
  readonly nat?: boolean;
  readonly superSeed?: boolean;
  readonly systemd?: boolean;
  readonly log?: string;
}

export function shareCommand(
  program: Command,
  run: (paths: readonly string[], flags: ShareFlags) => Promise<void>,
): void {
  const command = withPeerOptions(program.command('share'))
    .description('give files to peers until it is stopped; makes a torrent of them if there is none')
    .argument(
      '<path...>',
      'a file or a folder to share; a .torrent file whose data is there; or a folder of .torrent files',
    )
    .optionsGroup('Data:')
    .option('--data <dir>', 'the folder with the data of .torrent files (default: the folder of each)')
    .option('--save-torrent <file>', 'save the torrent that is made to this file')
    .option(
      '--piece-length <size>',
      'of a torrent that is made: a power of two, at least 16K (default: depends on the size)',
    );
  for (const option of versionOptions('of a torrent that is made: ')) command.addOption(option);
  command
    .option('--private', 'of a torrent that is made: clients may find peers only through --tracker (BEP 27)')
    .addOption(allCoresOption())
    .optionsGroup('Upload:')
    .option(
      '--upload-limit <rate>',
      'give peers at most so many bytes per second: of all torrents together, such as 400K or 2M; 0 is unlimited',
      String(DEFAULT_SESSION.uploadLimit),
    )
    .option('--seed-ratio <number>', 'stop when peers got so many times the size of each, such as 1.5')
    .option('--seed-time <duration>', 'stop after this time, such as 30m or 12h')
    .option(
      '--super-seed',
      'for the first seed: offer each peer one piece at a time, so that each piece is sent about once (BEP 16)',
    )
    .option('--systemd', 'print a unit for systemd that runs this command, and share nothing')
    .optionsGroup('Output:')
    .option('--log <file>', 'add a line to this file for everything that happens, with the time')
    .optionsGroup('Network:')
    .option('--port <n>', 'the port for incoming connections of all torrents; 0 takes a free port', '0')
    .option(
      '--nat',
      'ask the router to forward the port (PCP, NAT-PMP, UPnP); without the option, it is asked where that works',
    )
    .option('--no-nat', 'do not ask the router')
    .action(run);
}
