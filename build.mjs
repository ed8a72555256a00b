/**
 * Bundles src/ into dist/: one file for each thread and process, and one for what the commands run. Node takes a quarter of a second
 * to load a hundred small modules, and the first SYN of a download waits for that. Packages stay external, as npm installs them.
 * tsc checks the types before this runs.
 */
import { execFileSync } from 'node:child_process';
import { realpathSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

/** Empty without git, or if this folder is not the top of a clone: the commit of another repository would be a lie. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(import.meta.dirname)) return '';
    return git('describe', '--always', '--exclude=*', '--abbrev=7', '--dirty=-changed');
  } catch {
    return '';
  }
}

for (const folder of ['main', 'shared', 'swarm', 'workers'])
  rmSync(`dist/${folder}`, { recursive: true, force: true });

const built = JSON.stringify(commit());

// One bundle per thread: shared code is in each of them, because one more file costs a start a millisecond or two.
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
    // Late imports are beside the main thread's files, because URLs of workers begin with `../workers/`.
    splitting: true,
    chunkNames: 'main/[name]-[hash]',
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    define: { UNCHOKE_COMMIT: built },
    // A third less to parse in each thread. Names stay and lines stay short, so that a stack still tells where.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
  });
