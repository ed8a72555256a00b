/** What a torrent needs of those that know peers: one without peers is served first, then those that download, then idle ones. */
export type Need = 'peers' | 'data' | 'nothing';

const ORDER: readonly Need[] = ['peers', 'data', 'nothing'];

/** Less than 0 where the first one is served first. */
export function compareNeeds(one: Need, other: Need): number {
  return ORDER.indexOf(one) - ORDER.indexOf(other);
}
