/** What trackers and the DHT say, for people. */
import type { TrackerNews } from '../../discovery/announcer.ts';
import { isDht } from '../../doctor/tracker-log.ts';
import type { Console } from './console.ts';

/**
 * A DHT that does not answer is a detail: without a name server, or where a firewall stops UDP, that is so in every run, and most
 * torrents do without it. Where nothing arrives, `why:` names it.
 */
export function tellSource(console: Console, news: TrackerNews): void {
  const line = `${news.tracker} ${news.kind}: ${news.text}`;
  if (isSilentDht(news)) console.detail(line);
  else console.news(line);
}

export function isSilentDht({ tracker, kind }: Pick<TrackerNews, 'tracker' | 'kind'>): boolean {
  return kind === 'failed' && isDht({ tracker });
}
