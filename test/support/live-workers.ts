/** Counts the worker threads that live, by the events of the process. The kernel's list of threads also has those of Node itself, which come and go when they like. */

let live = 0;
process.on('worker', (worker) => {
  live += 1;
  worker.once('exit', () => {
    live -= 1;
  });
});

/** The number of worker threads now. Node reports a new one a moment after it was made, so this waits for one turn of the event loop. */
export async function liveWorkers(): Promise<number> {
  await new Promise(setImmediate);
  return live;
}
