/** What `unchoke bench` does: one run, and its figures in one screen. */
import { availableParallelism, cpus } from 'node:os';
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { VERSION } from '../../network/identity.ts';
import { namesOf } from '../../torrent/source.ts';
import type { BenchFlags } from '../commands/bench.ts';
import { benchLines, bottleneck, medianRate } from '../output/bench-figures.ts';
import { Console } from '../output/console.ts';
import { BenchRun } from './bench-run.ts';
import { Interrupt } from './interrupt.ts';
import { withSource } from './with-source.ts';

export function runBench(named: string, flags: BenchFlags): Promise<number> {
  if (flags.report !== undefined) throw new Failure('usage', '--report works only with get, race and demo');
  return withSource(named, flags, async (source, network) => {
    const console = new Console(flags);
    const stop = new AbortController();
    const interrupt = new Interrupt(() => stop.abort());
    try {
      const figures = await new BenchRun(source, flags, network, console).run(stop.signal);
      const waitsFor = bottleneck(figures);
      console.event('bench', { ...figures, medianRate: medianRate(figures), bottleneck: waitsFor.code });
      console.result(benchLines(namesOf(source).name, figures, machineText()));
      return stop.signal.aborted ? EXIT_STATUS.interrupted : 0;
    } finally {
      interrupt.release();
    }
  });
}

function machineText(): string {
  return `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, unchoke ${VERSION}`;
}
