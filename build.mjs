/**
 * Bundles src/ into dist/: one file for each thread and process, and one for each command's own part. Node resolves and loads a
 * hundred small modules in a quarter of a second, and a download's first SYN waits for that. Packages stay outside, as npm
 * installs them. Types are checked by tsc before this runs.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

for (const folder of ['main', 'shared', 'swarm', 'workers'])
  rmSync(`dist/${folder}`, { recursive: true, force: true });

await build({
  entryPoints: [
    'src/main/cli.ts',
    'src/workers/peer-shard.ts',
    'src/workers/hasher.ts',
    'src/workers/web-seeds/web-seed-thread.ts',
    'src/swarm/swarm-process.ts',
    'src/swarm/black-hole-thread.ts',
  ],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  packages: 'external',
  // What several share lies beside the main thread's files, whose URLs of workers begin with `../workers/`.
  chunkNames: 'main/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});
