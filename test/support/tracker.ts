/** A real tracker. */
import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, freePort, READY_MS } from './processes.ts';

/** opentracker, for HTTP and UDP on one port. Debian's build serves only the torrents of a list. */
export async function openTracker(
  infoHashes: Uint8Array | readonly Uint8Array[],
  scratch: string,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const whitelist = join(scratch, `whitelist-${port}`);
  const listed = infoHashes instanceof Uint8Array ? [infoHashes] : infoHashes;
  writeFileSync(whitelist, listed.map((hash) => `${Buffer.from(hash).toString('hex')}\n`).join(''));
  // opentracker changes its root to the folder and its user to `nobody` before it reads the list.
  chmodSync(scratch, 0o755);
  const args = [
    '-i',
    '127.0.0.1',
    '-p',
    String(port),
    '-P',
    String(port),
    '-d',
    scratch,
    '-w',
    `whitelist-${port}`,
  ];
  const child = spawn('opentracker', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/stats`, { headers: { connection: 'close' } });
      await response.arrayBuffer();
      break;
    } catch (error) {
      if (performance.now() > deadline || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return { port, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

/** Resolves once the tracker knows a seed. */
export async function untilSeeded(port: number, infoHash: Uint8Array): Promise<void> {
  const hash = [...infoHash].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/scrape?info_hash=${hash}`, {
      headers: { connection: 'close' },
    });
    if (/8:completei[1-9]/.test(await response.text())) return;
    if (performance.now() > deadline) throw new Error('no seed announced itself');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
