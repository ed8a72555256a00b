/** Descriptors that hold a folder, as Linux has them. */
import { closeSync, constants, openSync, statSync } from 'node:fs';

/** Linux, on every processor that Node supports; Node has no constant for it. Such a descriptor needs no read permission. */
const O_PATH = 0o10000000;

/** How a folder is opened to be held. */
export const HOLD = O_PATH | constants.O_DIRECTORY;

let held: boolean | null = null;

/** Some containers have no /proc, and a process with its own capabilities may not be able to use its descriptors there. */
export function canHoldFolders(): boolean {
  held ??= process.platform === 'linux' && reachesThroughDescriptors();
  return held;
}

function reachesThroughDescriptors(): boolean {
  try {
    const descriptor = openSync('/', HOLD);
    try {
      return statSync(`/proc/self/fd/${descriptor}/.`).isDirectory();
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}
