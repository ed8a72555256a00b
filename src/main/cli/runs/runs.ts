/** The code of all commands, loaded in one piece when a command is called: one file for each would make the start slower. */
// biome-ignore-all lint/performance/noBarrelFile: to be one file is the point.
export { runBench } from './run-bench.ts';
export { runCreate } from './run-create.ts';
export { runDemo } from './run-demo.ts';
export { runDoctor } from './run-doctor.ts';
export { runFleetAdd } from './run-fleet-add.ts';
export { runFleetPause, runFleetRemove, runFleetResume, runFleetRetry } from './run-fleet-jobs.ts';
export { runFleetStatus } from './run-fleet-status.ts';
export { runFleetWork } from './run-fleet-work.ts';
export { runGet } from './run-get.ts';
export { runInspect } from './run-inspect.ts';
export { runRace } from './run-race.ts';
export { runShare } from './run-share.ts';
export { runSwarm } from './run-swarm.ts';
export { runVerify } from './run-verify.ts';
export { runWatch } from './run-watch.ts';
