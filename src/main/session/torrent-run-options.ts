/** What a run of a torrent is given. */
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { Source } from '../torrent/source.ts';
import type { IdleWatch } from './idle-watch.ts';
import type { RunSums } from './run-sums.ts';
import type { Session } from './session.ts';
import type { TorrentSettings } from './settings.ts';
import type { Tenure } from './tenure.ts';

export interface TorrentRunOptions {
  readonly source: Source;
  readonly settings: TorrentSettings;
  readonly session: Session;
  /** Asked before the place of the files is taken; what it throws ends the run. */
  readonly onPlan?: (plan: StoragePlan) => void;
  /** Asks which files are wanted, instead of the setting `select`: indices, names or globs. */
  readonly choose?: (metainfo: Metainfo) => Promise<readonly string[]>;
  /** If it stalls while another torrent waits for memory, it ends as `yielded`. */
  readonly yields?: boolean;
  /** Of the run that yielded, if this one goes on with it. */
  readonly watch?: IdleWatch;
  /** Of the runs before it that this one goes on with. */
  readonly earlier?: RunSums;
  /** Of a job of a queue. */
  readonly tenure?: Tenure;
}
