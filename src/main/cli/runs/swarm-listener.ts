/** The session listener that every command starts from. */
import { type SwarmListener, UNKNOWN_LEFT_BYTES } from '../../session/torrent-swarm.ts';
import { formatTime } from '../../text/units.ts';
import type { Console } from '../output/console.ts';
import { reachText } from '../output/reach-news.ts';
import { tellSource } from '../output/source-news.ts';

/** Writes news and passes on bugs. A command replaces the callbacks that it needs. */
export function listenerFor(console: Console, onBug: (error: unknown) => void): SwarmListener {
  return {
    progress: () => ({ downloaded: 0, left: UNKNOWN_LEFT_BYTES, fetched: 0 }),
    onFirstUnchoke: () => {},
    onClosed: () => {},
    onBanned: () => {},
    onShardLost: (error) => console.news(`a shard died and was replaced: ${String(error)}`),
    onNews: (news) => tellSource(console, news),
    onListening: (event) => {
      if (event.type === 'not-listening' && event.cause === 'failed') console.news(reachText(event));
    },
    onReadFailed: () => {},
    onMapping: () => {},
    onNetworkBack: (back) => {
      if (back.by === 'success')
        console.news(`the network is back after ${formatTime(back.ms)}: lost peers are dialled again`);
    },
    onBug,
  };
}
