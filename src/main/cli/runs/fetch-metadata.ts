/** Fetches the metadata of a magnet link from peers, for a command that downloads nothing. */
import { monotonicMs } from '../../../shared/clock.ts';
import { LivedClock } from '../../../shared/lived-clock.ts';
import { symptomsOf } from '../../doctor/symptoms-of.ts';
import { Failure } from '../../failure.ts';
import { exhaustedText } from '../../session/no-peer.ts';
import { searchProgress } from '../../session/progress.ts';
import type { Session } from '../../session/session.ts';
import type { TorrentSettings } from '../../session/settings.ts';
import { TorrentSwarm } from '../../session/torrent-swarm.ts';
import { counted, formatTime } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Source } from '../../torrent/source.ts';
import { Advisor } from '../output/advisor.ts';
import type { Console } from '../output/console.ts';
import { searchStage, searchText } from '../output/search-text.ts';
import { listenerFor } from './swarm-listener.ts';

/** How often to look whether peers are left, and to show progress. */
const LOOK_MS = 250;

export interface MetadataWish {
  readonly console: Console;
  /** 0 waits for ever. */
  readonly timeoutMs: number;
  /** The option for a longer wait, with its value. */
  readonly longer: string;
  /** Ends it; null where a signal ends the process. */
  readonly signal: AbortSignal | null;
}

/** Without the hashes of pieces that it may lack (BEP 52). Rejects with a `timeout` or `no-peer` failure, after the reason was told, or if `signal` aborts. */
export async function fetchMetadata(
  source: Source,
  torrent: TorrentSettings,
  session: Session,
  { console, timeoutMs, longer, signal }: MetadataWish,
): Promise<Metainfo> {
  signal?.throwIfAborted();
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const stop = (): void => fail(signal?.reason);
  signal?.addEventListener('abort', stop);
  const advisor = new Advisor(console);
  const listener = listenerFor(console, (error) => fail(error));
  const swarm = new TorrentSwarm(
    { source, session, torrent },
    {
      ...listener,
      onNews: (news) => {
        advisor.trackers.hear(news);
        listener.onNews(news);
      },
    },
  );
  const symptoms = () =>
    symptomsOf(swarm, {
      heard: advisor.trackers.states,
      metadataSearch: swarm.metadataSearch,
      ...{ check: null, download: null, dataArrives: false },
      longer: timeoutMs === 0 ? null : longer,
    });
  const clock = new LivedClock(monotonicMs);
  const begun = clock.now();
  let shownAt = begun;
  const timer = setInterval(() => {
    const now = clock.now();
    const failure = failureOf(swarm, timeoutMs, now - begun);
    if (failure !== null) {
      advisor.examine(symptoms);
      return fail(failure);
    }
    advisor.hint(now - begun, symptoms);
    if (now - shownAt < console.progressMs) return;
    shownAt = now;
    const progress = searchProgress(swarm);
    if (progress !== null)
      console.progress(searchText(progress, swarm.race.firsts.ttfuMs !== null), searchStage(progress));
  }, LOOK_MS);
  try {
    swarm.start();
    const found = new Promise<Metainfo>((resolve, reject) => {
      swarm.torrent(resolve).catch(reject);
    });
    return await Promise.race([found, failed]);
  } catch (error) {
    advisor.conclude();
    throw error;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
    console.endProgress();
    await swarm.stop();
  }
}

function failureOf(swarm: TorrentSwarm, timeoutMs: number, ms: number): Failure | null {
  const { peers } = swarm.race;
  if (timeoutMs > 0 && ms >= timeoutMs) {
    const known = `${counted(peers.size, 'peer')} known, ${swarm.metadataSearch?.offers ?? 0} have it`;
    return new Failure('timeout', `no metadata within ${formatTime(timeoutMs)} (${known})`);
  }
  const mayCome = !peers.allSettled || swarm.discovery.hopeful;
  return mayCome
    ? null
    : new Failure('no-peer', exhaustedText(peers.knownCount, swarm.discovery.asksTrackers));
}
