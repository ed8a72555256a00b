/** How much a torrent needs peers. A torrent without peers is served first, then torrents that download, then idle ones. */
export type Need = 'peers' | 'data' | 'nothing';

const ORDER: readonly Need[] = ['peers', 'data', 'nothing'];

/** Less than 0 if the first one goes first. */
export function compareNeeds(one: Need, other: Need): number {
  return ORDER.indexOf(one) - ORDER.indexOf(other);
}
