/** A command of a page, run by bash as it is written. */
import { spawn } from 'node:child_process';

export interface PageCommand {
  /** One line. */
  readonly line: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** It does not end by itself: it gets SIGTERM when its output matches. Null: it ends. */
  readonly stopsAt: RegExp | null;
  readonly timeoutMs: number;
}

export interface Ended {
  readonly status: number | null;
  /** stdout and stderr. */
  readonly text: string;
}

export function runPageCommand({ line, cwd, env, stopsAt, timeoutMs }: PageCommand): Promise<Ended> {
  const child = spawn('bash', ['-c', stopsAt === null ? `set -o pipefail; ${line}` : `exec ${line}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let text = '';
  let isStopped = false;
  const read = (part: string): void => {
    text += part;
    if (isStopped || stopsAt?.test(text) !== true) return;
    // A second signal would end it at once.
    isStopped = true;
    child.kill('SIGTERM');
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  return new Promise((resolve) => {
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status, text });
    });
  });
}
