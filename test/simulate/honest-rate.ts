/** What the promise of liveness rests on: a source that has every piece, gives it, and is found. */
import { isWithinReach, type KnownBy, type Scenario, type TorrentPlan } from './scenario.ts';

/** The rate of the slowest source that can be relied on; null where pieces may have none. */
export function honestRate(
  { content, peers, trackers, webSeeds, isMagnet }: TorrentPlan,
  session: Scenario,
): number | null {
  // Of a private torrent one tracker is asked, and no other as long as it answers (BEP 27).
  const isAnswered =
    (!content.private || trackers.length === 1) &&
    trackers.some(({ kind }) => kind === 'good' || kind === 'fails at first');
  // Of an address that nobody has, TCP says so at once here, and uTP takes its time: hundreds of them fill a small window for minutes.
  const isFlooded = session.utp && session.halfOpen > 0 && trackers.some(({ kind }) => kind === 'flood');
  const told: KnownBy[] = ['user'];
  if (isAnswered) told.push('tracker');
  if (session.dht && !content.private) told.push('dht');
  const reliable = peers.filter(
    (peer) => !isFlooded && told.includes(peer.knownBy) && isWithinReach(peer, session),
  );
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
