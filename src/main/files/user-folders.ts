/**
 * Our folders in the home of the user: what the user writes (config), what must last on this machine (state), and what helps the
 * next run but is not needed (cache). Each platform has its own rules. The XDG variables win on all of them.
 */
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

export type FolderKind = 'config' | 'state' | 'cache';

/** What the rules depend on. */
export interface UserPlace {
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  /** Asked only if no variable answers: a user without a home may have the variables. */
  home(): string;
}

const XDG = { config: 'XDG_CONFIG_HOME', state: 'XDG_STATE_HOME', cache: 'XDG_CACHE_HOME' } as const;
const NAME = 'unchoke';

export function userFolder(kind: FolderKind, environment: NodeJS.ProcessEnv = process.env): string {
  return folderAt(kind, { platform: process.platform, environment, home: homedir });
}

export function folderAt(kind: FolderKind, place: UserPlace): string {
  const { join, isAbsolute } = place.platform === 'win32' ? win32 : posix;
  const chosen = place.environment[XDG[kind]];
  // The specification says that relative paths are ignored.
  if (chosen !== undefined && isAbsolute(chosen)) return join(chosen, NAME);
  if (place.platform === 'win32') return join(...ofWindows(kind, place));
  return join(place.home(), ...(place.platform === 'darwin' ? OF_MACOS : OF_LINUX)[kind], NAME);
}

const OF_LINUX = { config: ['.config'], state: ['.local', 'state'], cache: ['.cache'] } as const;
const OF_MACOS = {
  config: ['Library', 'Preferences'],
  state: ['Library', 'Application Support'],
  cache: ['Library', 'Caches'],
} as const;

/** Only the config goes with the user to other machines (Roaming). */
function ofWindows(kind: FolderKind, { environment, home }: UserPlace): string[] {
  const base = (variable: string, folder: string): string =>
    environment[variable] || win32.join(home(), 'AppData', folder);
  if (kind === 'config') return [base('APPDATA', 'Roaming'), NAME];
  return [base('LOCALAPPDATA', 'Local'), NAME, kind === 'state' ? 'State' : 'Cache'];
}
