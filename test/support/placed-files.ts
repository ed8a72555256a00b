/** Files on the disk, as threads are told of those of a download. */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Folder } from '../../src/shared/folder.ts';
import { STANDING, type Standing, Standings } from '../../src/shared/standing.ts';
import type { StoredFile, StoredFiles } from '../../src/shared/stored-files.ts';

export interface PlacedFiles {
  readonly base: string;
  readonly files: readonly StoredFile[];
  readonly setup: StoredFiles;
}

/** Three files of ten bytes of zeros in a folder `set`. `held`: by descriptor, as on Linux, or by checks, as elsewhere. */
export function placedFiles(
  base: string,
  held: boolean,
  standings: readonly Standing[] = [0, 0, 0],
): PlacedFiles {
  mkdirSync(join(base, 'set'), { recursive: true });
  const files = ['a', 'b', 'c'].map((file, i) => ({
    path: join(base, 'set', file),
    offset: i * 10,
    length: 10,
  }));
  const shared = Standings.of(3);
  for (const [i, { path }] of files.entries()) {
    writeFileSync(path, Buffer.alloc(10));
    const { ino, birthtimeNs } = lstatSync(path, { bigint: true });
    shared.identify(i, ino, birthtimeNs);
    shared.set(i, standings[i] ?? STANDING.ours);
  }
  const root = Folder.open(base);
  const place = {
    root: { path: base, descriptor: held ? root.descriptor : null },
    base,
    standings: shared.memory,
  };
  return { base, files, setup: { files, padding: [], place } };
}

/** The name of a thing in the place of a file, and how it is laid there. `victim`: a file of somebody else. */
export const INTRUDERS = {
  'a link': (path: string, victim: string) => symlinkSync(victim, path),
  'another file': (path: string, victim: string) => renameSync(victim, path),
  'a pipe': (path: string) => void spawnSync('mkfifo', [path]),
  'a folder': (path: string) => mkdirSync(path),
} as const;

/** Lays it in the place of the first file. Returns the path of the victim. */
export function intrude({ base, files }: PlacedFiles, what: keyof typeof INTRUDERS): string {
  const victim = join(base, 'victim');
  // The clock of the system has ticked since the files of the download were made.
  const born = lstatSync(join(base, 'set', 'c'), { bigint: true }).birthtimeNs;
  do {
    rmSync(victim, { force: true });
    writeFileSync(victim, 'important!');
  } while (lstatSync(victim, { bigint: true }).birthtimeNs === born);
  const path = files[0]?.path ?? '';
  rmSync(path);
  INTRUDERS[what](path, victim);
  return what === 'another file' ? path : victim;
}
