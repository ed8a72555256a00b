/**
 * Bundles src/ into dist/: one file for each thread and process, and one for what the commands run. Node resolves and loads a
 * hundred small modules in a quarter of a second, and a download's first SYN waits for that. Packages stay outside, as npm
 * installs them. Types are checked by tsc before this runs.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

for (const folder of ['main', 'shared', 'swarm', 'workers'])
  rmSync(`dist/${folder}`, { recursive: true, force: true });

// A build for each thread: what it shares with others is in it once more, because a file more costs its start a millisecond or two.
for (const entry of [
  'src/main/cli.ts',
  'src/main/index.ts',
  'src/workers/shard/peer-shard.ts',
  'src/workers/storage/storage-thread.ts',
  'src/workers/web-seeds/web-seed-task.ts',
  'src/swarm/swarm-process.ts',
  'src/swarm/black-hole-thread.ts',
])
  await build({
    entryPoints: [entry],
    outbase: 'src',
    outdir: 'dist',
    bundle: true,
    // What is imported late lies beside the main thread's files, whose URLs of workers begin with `../workers/`.
    splitting: true,
    chunkNames: 'main/[name]-[hash]',
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // A third less to parse in each thread. Names stay and lines stay short, so that a stack still tells where.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
  });
