/** What the promise of liveness rests on: a source that has every piece, gives it, and is found. */
import { isWithinReach, type KnownBy, type TorrentPlan, type Ways } from './scenario.ts';

/** The rate of the slowest source that can be relied on; null where pieces may have none. */
export function honestRate(
  { content, peers, trackers, webSeeds, isMagnet }: TorrentPlan,
  ways: Ways,
): number | null {
  // Of a private torrent one tracker is asked, and no other as long as it answers (BEP 27).
  const isAnswered =
    (!content.private || trackers.length === 1) &&
    trackers.some(({ kind }) => kind === 'good' || kind === 'fails at first');
  const told: KnownBy[] = ['user'];
  if (isAnswered) told.push('tracker');
  if (ways.dht && !content.private) told.push('dht');
  const reliable = peers.filter((peer) => told.includes(peer.knownBy) && isWithinReach(peer, ways));
  const seeds = reliable.filter(({ kind }) => kind === 'seed');
  const halves = reliable.filter(({ kind }) => kind === 'half');
  const isHalved = halves.length > 1 && halves.length === peers.filter(({ kind }) => kind === 'half').length;
  const rates = [
    ...seeds.map(({ bytesPerS }) => bytesPerS),
    ...(isHalved ? halves.map(({ bytesPerS }) => bytesPerS) : []),
    ...(isMagnet ? [] : webSeeds.filter(({ kind }) => kind === 'right').map(({ bytesPerS }) => bytesPerS)),
  ];
  return rates.length === 0 ? null : Math.min(...rates);
}
