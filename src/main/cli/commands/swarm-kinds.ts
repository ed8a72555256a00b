/** What `unchoke swarm --mix` can be made of, for people: the kinds of peers, and the mixes that have a name. */
import { wrapped } from '../../text/wrapped.ts';

/** As in `src/swarm/mix.ts`, which main may not import: a unit test compares them. */
export const PEER_KINDS: readonly (readonly [name: string, what: string])[] = [
  ['black-hole', 'an address that never answers'],
  ['refuser', 'an address where no program listens: it refuses the connection'],
  ['silent', 'lets us connect and says nothing, for ever'],
  ['hang-up', 'answers the handshake and closes the connection'],
  ['never-unchokes', 'a seed that chokes us for ever'],
  ['patient', 'a seed that unchokes after 0.5 to 60 s, 12 s in the middle'],
  ['instant', 'a seed that unchokes at once, as libtorrent with nothing to do'],
  ['tick-1s', 'a seed that answers at full seconds, as aria2'],
  ['rechoke-10s', 'a seed that unchokes every ten seconds, as transmission'],
  ['choke-after', 'a seed that unchokes at once, and chokes again for a while after some blocks'],
];

export const NAMED_MIXES: readonly (readonly [name: string, what: string])[] = [
  ['wild', 'as in public swarms: most addresses are useless, and seeds are slow to unchoke'],
  ['seeds', 'only instant ones'],
  ['clients', 'seeds with the habits of real clients'],
];

/** For `--help-all`. */
export function kindsText(columns: number): string {
  const list = (rows: typeof PEER_KINDS): string[] => {
    const width = Math.max(...rows.map(([name]) => name.length));
    return rows.flatMap(([name, what]) => wrapped(`  ${name.padEnd(width)}  ${what}`, columns - 1));
  };
  return [
    'Mixes:',
    ...list(NAMED_MIXES),
    '',
    'Kinds of peers in a file for --mix, such as {"instant": 2, "black-hole": 8}:',
    ...list(PEER_KINDS),
  ].join('\n');
}
