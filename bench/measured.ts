/** Runs a downloader as its own process and reads its cost from the system. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../test/support/paths.ts';

export interface Cost {
  /** Milliseconds of the epoch. */
  readonly beganAtMs: number;
  readonly wallS: number;
  readonly userS: number;
  readonly systemS: number;
  readonly rssBytes: number;
  readonly status: number;
  /** The end of its output. */
  readonly lastWords: string;
}

/** Rejects with the end of its output if it has not ended after `boundS`. It is asked to end when `enough` resolves. */
export async function measured(
  command: readonly string[],
  scratch: string,
  boundS: number,
  enough?: Promise<unknown>,
): Promise<Cost> {
  const result = join(scratch, 'cost.json');
  rmSync(result, { force: true });
  const child = spawn(
    '/usr/bin/python3',
    [join(ROOT, 'bench', 'clients', 'measure.py'), result, ...command],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  let said = '';
  const hear = (text: Buffer): void => {
    said = `${said}${text.toString()}`.slice(-2_000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  // The whole group, because the measured program is its child.
  const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), boundS * 1_000);
  let over = false;
  void enough?.then(() => over || process.kill(-(child.pid as number), 'SIGTERM'));
  await new Promise((resolve) => child.once('close', resolve));
  over = true;
  clearTimeout(timer);
  try {
    return { ...(JSON.parse(readFileSync(result, 'utf8')) as Cost), lastWords: said };
  } catch {
    throw new Error(`${command[0]} did not end within ${boundS} s: ${said}`);
  }
}
