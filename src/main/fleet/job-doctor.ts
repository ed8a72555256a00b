/** The likeliest reason why the run of a job fails, in the words of `unchoke doctor`. */
import { Arrivals } from '../doctor/arrivals.ts';
import { diagnose } from '../doctor/diagnosis.ts';
import { symptomsOf } from '../doctor/symptoms-of.ts';
import { TrackerLog } from '../doctor/tracker-log.ts';
import { receivedBytes } from '../session/progress.ts';
import type { TorrentRun } from '../session/torrent-run.ts';

export class JobDoctor {
  readonly #run: TorrentRun;
  readonly #trackers = new TrackerLog();
  readonly #arrivals = new Arrivals();
  #why: string | null = null;

  constructor(run: TorrentRun) {
    this.#run = run;
    run.subscribe({
      onTrackerNews: (news) => this.#trackers.hear(news),
      onLook: () => this.#look(),
      onFailing: () => {
        this.#why = this.#likeliest();
      },
    });
  }

  /** Null while it does not fail, or if nothing is known. */
  get why(): string | null {
    return this.#why;
  }

  #look(): void {
    const { swarm, job } = this.#run;
    if (job === null) return;
    this.#arrivals.note(receivedBytes(swarm.race, job.download), swarm.session.world.now());
  }

  #likeliest(): string | null {
    const { swarm, job, watch } = this.#run;
    const symptoms = symptomsOf(swarm, {
      heard: this.#trackers.states,
      metadataSearch: swarm.metadataSearch,
      check: null,
      download: job?.download.symptoms ?? null,
      dataArrives: this.#arrivals.within(watch.idleMs / 2, swarm.session.world.now()),
      longer: null,
    });
    return diagnose(symptoms)[0]?.text ?? null;
  }
}
