/** `--on-complete PROGRAM`: told of a download in its environment, where no quoting can go wrong. */
import { spawn } from 'node:child_process';

export interface CompletedDownload {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly infoHash: string;
}

/** Runs it to its end. Resolves to null, or to what went wrong; never rejects. */
export function runCompletionProgram(program: string, done: CompletedDownload): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, [], {
      shell: false,
      // stdout is for results of ours alone.
      stdio: ['ignore', process.stderr, process.stderr],
      env: {
        ...process.env,
        UNCHOKE_DONE_NAME: done.name,
        UNCHOKE_DONE_PATH: done.path,
        UNCHOKE_DONE_BYTES: String(done.bytes),
        UNCHOKE_DONE_INFO_HASH: done.infoHash,
      },
    });
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(code === 0 ? null : `it ended with ${signal ?? code}`));
  });
}
