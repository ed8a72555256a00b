/**
 * The peers of a swarm: personalities with their shares, dealt to addresses by seeded random numbers. The wild mix follows
 * what public swarms look like: most addresses are useless, and the others are slow.
 */
import { readFileSync } from 'node:fs';
import type { Dice } from './random.ts';

export const PERSONALITIES = [
  /** Never answers a connect. */
  'black-hole',
  /** Answers a connect with a reset: no program listens. */
  'refuser',
  /** Connects, and stays silent forever. */
  'silent',
  /** Answers the handshake and closes the connection. */
  'hang-up',
  /** Has everything, announces it, and never unchokes. */
  'never-unchokes',
  /** Unchokes after a log-normal delay: the seed of the wild mix. */
  'patient',
  /** Unchokes at once, without waiting for interest, as libtorrent does on an idle seed. */
  'instant',
  /** Accepts connections and decides at each full second, as aria2 does. */
  'tick-1s',
  /** Unchokes at its next rechoke, every 10 s, as transmission does. */
  'rechoke-10s',
  /** Unchokes at once, and chokes again for a while after a number of blocks. */
  'choke-after',
] as const;
export type Personality = (typeof PERSONALITIES)[number];

export type Mix = Partial<Record<Personality, number>>;

export const MIXES: Readonly<Record<string, Mix>> = {
  wild: { 'black-hole': 0.55, refuser: 0.1, 'hang-up': 0.12, 'never-unchokes': 0.05, patient: 0.18 },
  seeds: { instant: 1 },
  clients: { instant: 0.4, 'tick-1s': 0.3, 'rechoke-10s': 0.2, 'choke-after': 0.1 },
};

export interface PeerPlan {
  readonly personality: Personality;
  /** From the connect to its handshake. */
  readonly handshakeMs: number;
  /** From its handshake to its unchoke; Infinity if there is none. */
  readonly unchokeMs: number;
}

/** The unchoke delay of a patient seed: log-normal, median 12 s, cut to 0.5 to 60 s. */
const PATIENT = { medianMs: 12_000, sigma: 0.8, leastMs: 500, mostMs: 60_000 };
const RECHOKE_MS = 10_000;
const HANDSHAKE_MS = { least: 10, most: 150 };

/** A mix by its name, or from a JSON file of shares. Throws Error with a message for the user. */
export function mixOf(nameOrFile: string): Mix {
  const known = MIXES[nameOrFile];
  if (known !== undefined) return known;
  let shares: unknown;
  try {
    shares = JSON.parse(readFileSync(nameOrFile, 'utf8'));
  } catch (error) {
    const names = Object.keys(MIXES).join(', ');
    throw new Error(`--mix ${nameOrFile}: not one of ${names} and not a readable JSON file`, {
      cause: error,
    });
  }
  if (typeof shares !== 'object' || shares === null || Array.isArray(shares)) {
    throw new Error(`--mix ${nameOrFile}: not an object of shares, such as {"instant": 1}`);
  }
  for (const [name, share] of Object.entries(shares)) {
    if (!(PERSONALITIES as readonly string[]).includes(name)) {
      throw new Error(
        `--mix ${nameOrFile}: no personality ${JSON.stringify(name)} (there are ${PERSONALITIES.join(', ')})`,
      );
    }
    if (typeof share !== 'number' || !(share >= 0))
      throw new Error(`--mix ${nameOrFile}: the share of ${name} is not a number`);
  }
  return shares as Mix;
}

/**
 * Deals `count` peers: exact shares (by largest remainder, so that a small swarm has its seeds), in random order.
 */
export function dealPeers(count: number, mix: Mix, dice: Dice): PeerPlan[] {
  const dealt: Personality[] = [];
  const total = Object.values(mix).reduce((sum, share) => sum + share, 0);
  if (total <= 0) throw new Error('the sum of all shares is 0');
  const entries = (Object.entries(mix) as [Personality, number][]).map(([name, share]) => {
    const exact = (share / total) * count;
    return { name, whole: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let left = count - entries.reduce((sum, entry) => sum + entry.whole, 0);
  for (const entry of entries.sort((a, b) => b.rest - a.rest)) {
    const copies = entry.whole + (left-- > 0 ? 1 : 0);
    for (let i = 0; i < copies; i++) dealt.push(entry.name);
  }
  for (let i = dealt.length - 1; i > 0; i--) {
    const j = Math.floor(dice.next() * (i + 1));
    [dealt[i], dealt[j]] = [dealt[j] as Personality, dealt[i] as Personality];
  }
  return dealt.map((personality) => plan(personality, dice));
}

function plan(personality: Personality, dice: Dice): PeerPlan {
  const handshakeMs = dice.between(HANDSHAKE_MS.least, HANDSHAKE_MS.most);
  switch (personality) {
    case 'patient': {
      const drawn = dice.logNormal(PATIENT.medianMs, PATIENT.sigma);
      return {
        personality,
        handshakeMs,
        unchokeMs: Math.min(PATIENT.mostMs, Math.max(PATIENT.leastMs, drawn)),
      };
    }
    case 'instant':
    case 'choke-after':
      return { personality, handshakeMs: 0, unchokeMs: 0 };
    case 'tick-1s':
      return { personality, handshakeMs: dice.between(0, 1_000), unchokeMs: 0 };
    case 'rechoke-10s':
      return { personality, handshakeMs, unchokeMs: dice.between(0, RECHOKE_MS) };
    case 'black-hole':
    case 'refuser':
    case 'silent':
    case 'hang-up':
    case 'never-unchokes':
      return { personality, handshakeMs, unchokeMs: Number.POSITIVE_INFINITY };
  }
}
