/** The benchmark in its own process and network namespaces: whatever it starts ends with it, also when it is killed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The network is empty, and the first process is the benchmark: when that ends, the kernel ends all the others. */
const NAMESPACES = ['unshare', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Runs this program again, inside, with the further option `--inside FOLDER`; the folder is for its files and is removed at the end. */
export async function runApart(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'unchoke-bench-'));
  const again = [process.execPath, ...process.argv.slice(1), '--inside', scratch];
  // The kernel kills `unshare` if we are killed, and `unshare` the benchmark.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...NAMESPACES, ...again], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = (): void => void child.kill('SIGKILL');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  try {
    process.exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status) => resolve(status ?? 1));
    });
  } finally {
    // The last processes may still write for a moment.
    rmSync(scratch, { recursive: true, force: true, maxRetries: 20 });
  }
}
