/** The messages for a run without peers. They mention trackers only if some were asked. */

/** There was no peer from the start. */
export function noPeerText(what: 'download from' | 'race', asksTrackers: boolean): string {
  const trackers = asksTrackers ? 'no tracker knows one' : 'no tracker was asked';
  return `no peer to ${what}: ${trackers}, and --peer names none`;
}

/** Every peer is gone for good. */
export function goneText(count: number, asksTrackers: boolean): string {
  const peers = count === 1 ? 'the only peer is' : `all ${count} peers are`;
  return `${peers} gone, and ${asksTrackers ? 'no tracker answers' : 'no tracker was asked for more'}`;
}
