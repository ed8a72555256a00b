/** Runs `unchoke bench` once and shows its figures on one screen. */
import { availableParallelism, cpus } from 'node:os';
import { EXIT_STATUS } from '../../failure.ts';
import { VERSION } from '../../network/identity.ts';
import { namesOf } from '../../torrent/source.ts';
import type { BenchFlags } from '../commands/bench.ts';
import { benchLines, bottleneck, medianRate } from '../output/bench-figures.ts';
import { Console } from '../output/console.ts';
import { benchSettings } from '../settings-from-flags.ts';
import { BenchRun } from './bench-run.ts';
import { Interrupt } from './interrupt.ts';
import { DOWNLOAD_ALONE, withSource } from './with-session.ts';

export async function runBench(named: string, flags: BenchFlags): Promise<number> {
  const settings = benchSettings(flags);
  return withSource(named, settings, DOWNLOAD_ALONE, async (source, session) => {
    const console = new Console(settings.console);
    const stop = new AbortController();
    const interrupt = new Interrupt(() => stop.abort());
    try {
      const figures = await new BenchRun(source, settings, session, console).run(stop.signal);
      const waitsFor = bottleneck(figures);
      console.event({
        type: 'bench',
        ...figures,
        medianRate: medianRate(figures),
        bottleneck: waitsFor.code,
      });
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
