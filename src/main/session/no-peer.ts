/** How a run says that no peer is left to ask: it blames trackers only if some were asked. */

/** There was no peer from the start. */
export function noPeerText(what: 'download from' | 'race', asksTrackers: boolean): string {
  const trackers = asksTrackers ? 'no tracker knows one' : 'no tracker was asked';
  return `no peer to ${what}: ${trackers}, and --peer names none`;
}

/** Each that was there is gone for good. */
export function goneText(count: number, asksTrackers: boolean): string {
  const peers = count === 1 ? 'the only peer is' : `all ${count} peers are`;
  return `${peers} gone, and ${asksTrackers ? 'no tracker answers' : 'no tracker was asked for more'}`;
}
