/** Fetches the metadata of a magnet link from peers, for a command that downloads nothing. */
import { LivedTimer } from '../../../shared/lived-timer.ts';
import { Failure } from '../../failure.ts';
import type { Session } from '../../session/session.ts';
import type { TorrentSettings } from '../../session/settings.ts';
import { TorrentSwarm } from '../../session/torrent-swarm.ts';
import { counted, formatTime } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Source } from '../../torrent/source.ts';
import type { Console } from '../output/console.ts';
import { listenerFor } from './swarm-listener.ts';

/** Rejects with a `timeout` failure. `timeoutMs`: 0 waits for ever. */
export async function fetchMetadata(
  source: Source,
  torrent: TorrentSettings,
  session: Session,
  { console, timeoutMs }: { readonly console: Console; readonly timeoutMs: number },
): Promise<Metainfo> {
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const swarm = new TorrentSwarm(
    { source, session, torrent },
    listenerFor(console, (error) => fail(error)),
  );
  const timer =
    timeoutMs > 0
      ? new LivedTimer(timeoutMs, () => fail(new Failure('timeout', noMetadata(swarm, timeoutMs))))
      : null;
  try {
    swarm.start();
    return await Promise.race([swarm.torrent(), failed]);
  } finally {
    timer?.cancel();
    await swarm.stop();
  }
}

function noMetadata(swarm: TorrentSwarm, timeoutMs: number): string {
  const known = swarm.race.peers.size;
  return `no metadata within ${formatTime(timeoutMs)} (${counted(known, 'peer')} known, ${swarm.metadataSearch?.offers ?? 0} have it)`;
}
