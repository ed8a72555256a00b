/** Opens a file below a folder without blocking the thread, by the rules of `folder.ts`: no link on the way is followed. */
import { constants } from 'node:fs';
import { join } from 'node:path';
import { diskPath } from './byte-name.ts';
import type { DiskPath, FileSystem } from './file-system.ts';
import { Folder, NEVER_WAIT, type OpenFile, systemError } from './folder.ts';
import { HOLD } from './folder-descriptor.ts';

/** `elements`: the path below `root`; the last one is the file. Rejects with the system's error; EINVAL if it is not a regular file. */
export function openBelow(root: Folder, elements: readonly string[], flags: number): Promise<OpenFile> {
  return root.descriptor === null
    ? openByPath(root, elements, flags)
    : openThrough(root, elements.slice(0, -1), elements.at(-1) ?? '', flags);
}

/** A descriptor holds each folder while the next one is opened in it. */
async function openThrough(
  root: Folder,
  folders: readonly string[],
  name: string,
  flags: number,
): Promise<OpenFile> {
  const { files } = root;
  let folder = root;
  try {
    for (const element of folders) {
      const descriptor = await files.slow.open(folder.at(element), HOLD | constants.O_NOFOLLOW);
      if (folder !== root) folder.close();
      folder = new Folder({ path: join(folder.path, element), descriptor }, files);
    }
    return await openRegular(files, folder.at(name), flags);
  } finally {
    if (folder !== root) folder.close();
  }
}

/** The folders on the way are checked before and after the file is opened. */
async function openByPath(
  { path, files }: Folder,
  elements: readonly string[],
  flags: number,
): Promise<OpenFile> {
  const way = elements.slice(0, -1).map((_, i) => join(path, ...elements.slice(0, i + 1)));
  await assertFolders(files, way);
  const open = await openRegular(files, diskPath(join(path, ...elements)), flags);
  try {
    await assertFolders(files, way);
    return open;
  } catch (error) {
    files.close(open.descriptor);
    throw error;
  }
}

async function openRegular(files: FileSystem, path: DiskPath, flags: number): Promise<OpenFile> {
  const descriptor = await files.slow.open(path, flags | constants.O_NOFOLLOW | NEVER_WAIT);
  try {
    const stats = await files.slow.fstat(descriptor);
    if (!stats.isFile()) throw systemError('EINVAL');
    return { descriptor, stats };
  } catch (error) {
    files.close(descriptor);
    throw error;
  }
}

async function assertFolders({ slow }: FileSystem, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const stats = await slow.lstat(diskPath(path));
    if (stats === null) throw systemError('ENOENT');
    if (!stats.isDirectory()) throw systemError('ENOTDIR');
  }
}
