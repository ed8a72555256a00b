/** The messages for a run without peers. They mention trackers only if some were asked. */

/** There was no peer from the start. */
export function noPeerText(what: 'download from' | 'race', asksTrackers: boolean): string {
  const trackers = asksTrackers ? 'no tracker knows one' : 'no tracker was asked';
  return `no peer to ${what}: ${trackers}, and --peer names none`;
}

/** No peer is left of the `count` that were known. */
export function exhaustedText(count: number, asksTrackers: boolean): string {
  if (count === 0) return noPeerText('download from', asksTrackers);
  const peers = count === 1 ? 'the only peer is' : `all ${count} peers are`;
  return `${peers} gone, and ${asksTrackers ? 'no tracker answers' : 'no tracker was asked for more'}`;
}
