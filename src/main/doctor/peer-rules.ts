/**
 * Causes in the peers themselves. Those that have come furthest are judged: it is normal that most addresses of a swarm are old,
 * but then the few peers that shake hands decide.
 */
import { type Fate, STAGES } from './fates.ts';
import { count, judged, otherSources, type Rule, waitOrOthers } from './rule.ts';
import type { Symptoms } from './symptoms.ts';
import { noneOf, peersOf, verb } from './words.ts';

/** A share from this one on makes it the cause. */
const MOST = 0.6;
/** So many dials may be too much for a small router. */
const MANY_PEERS = 50;

const [SHAKEN, STRANGE, UNREACHED] = STAGES;

/** What the peers do, for one peer and for several; and what none of them does, if it is that. */
type Doing = readonly [one: string, many: string, none?: string];
/** The advice may depend on how many peers it concerns. */
type Advice = (symptoms: Symptoms, peers: number) => string;

/** A cause: most of the furthest peers have these fates. */
function most(
  stage: readonly Fate[],
  fates: readonly Fate[],
  doing: (symptoms: Symptoms) => Doing,
  advice: Advice,
): Rule {
  return (symptoms) => {
    if (furthest(symptoms) !== stage) return null;
    const [some, here, all] = [count(symptoms, fates), count(symptoms, stage), judged(symptoms)];
    if (some === 0 || some < MOST * here) return null;
    const [one, many, none] = doing(symptoms);
    const which = here === all ? '' : stage === SHAKEN ? ' that completed the handshake' : ' that connected';
    const rest = all - here;
    const others =
      rest === 0 ? '' : `; ${rest} ${verb(rest, 'other peer', 'other peers')} did not get so far`;
    const isNone = none !== undefined && some === here && some > 1;
    const what = isNone
      ? `${noneOf(here)}${which} ${none}`
      : `${peersOf(some, here)}${which} ${verb(some, one, many)}`;
    return {
      text: `${what}${others}`,
      advice: advice(symptoms, some),
    };
  };
}

export const allChoke = most(
  SHAKEN,
  ['choked'],
  () => ['chokes us', 'choke us'],
  (symptoms) => `seeds serve their peers in turn: ${waitOrOthers(symptoms)}`,
);

export const allSilent = most(
  SHAKEN,
  ['unchoked'],
  () => ['unchoked us, but sends no data', 'unchoked us, but send no data'],
  (symptoms) => waitOrOthers(symptoms),
);

export const allLeave = most(
  SHAKEN,
  ['left'],
  () => ['closed the connection after the handshake', 'closed the connection after the handshake'],
  (symptoms, peers) =>
    `${verb(peers, 'it', 'they')} may be full, or may have banned us: ${otherSources(symptoms)}`,
);

export const allBanned = most(
  SHAKEN,
  ['banned'],
  () => [
    'sent data that failed the hash check, and is banned',
    'sent data that failed the hash check, and are banned',
  ],
  otherSources,
);

export const allRude = most(
  SHAKEN,
  ['rude'],
  ({ brokenRules }) => {
    const how = brokenRules.length === 0 ? '' : ` (${brokenRules.join('; ')})`;
    return [`broke the rules, so we closed it${how}`, `broke the rules, so we closed them${how}`];
  },
  otherSources,
);

export const allHangUp: Rule = (symptoms) =>
  symptoms.choices.encryption === 'require' ? null : hangUp(symptoms);

const hangUp = most(
  STRANGE,
  ['hung-up', 'no-encryption'],
  () => ['closed the connection before the handshake', 'closed the connection before the handshake'],
  (symptoms, peers) =>
    symptoms.choices.encryption === 'off'
      ? `${verb(peers, 'it', 'they')} may require encryption: leave out --encryption off`
      : `${verb(peers, 'it', 'they')} may be full, may not have this torrent any more, or may have banned us: ${otherSources(symptoms)}`,
);

export const noEncryption: Rule = (symptoms) =>
  symptoms.choices.encryption === 'require' ? encryptionRefused(symptoms) : null;

const encryptionRefused = most(
  STRANGE,
  ['hung-up', 'no-encryption'],
  () => [
    'does not accept an encrypted connection',
    'do not accept an encrypted connection',
    'accepts an encrypted connection',
  ],
  () => 'leave out --encryption require',
);

export const allMute = most(
  STRANGE,
  ['mute'],
  () => ['connected, but sends no handshake', 'connected, but send no handshake'],
  (symptoms) => waitOrOthers(symptoms),
);

export const wrongTorrent = most(
  STRANGE,
  ['other-torrent'],
  () => ['serves another torrent', 'serve another torrent'],
  (symptoms, peers) =>
    `check where ${verb(peers, 'its address comes', 'their addresses come')} from, or ${otherSources(symptoms)}`,
);

export const notBittorrent = most(
  STRANGE,
  ['other-protocol'],
  () => ['does not speak BitTorrent', 'do not speak BitTorrent', 'speaks BitTorrent'],
  (symptoms, peers) =>
    `check where ${verb(peers, 'its address comes', 'their addresses come')} from, or ${otherSources(symptoms)}`,
);

/** Both ends of such a connection are known peers, so they are not counted here. */
export const onlyOurselves: Rule = (symptoms) => {
  const [some, here] = [count(symptoms, ['ourselves']), count(symptoms, STRANGE)];
  if (furthest(symptoms) !== STRANGE || some < here) return null;
  return {
    text: 'the only address that answers is the one of this client itself',
    advice: waitOrOthers(symptoms),
  };
};

export const allTimeOut = most(
  UNREACHED,
  ['silent'],
  ({ choices: { proxy } }) => {
    const [one, many] =
      proxy === null
        ? ['our connection', 'our connections']
        : Array(2).fill(`through the proxy ${proxy.url}`);
    return [`does not answer ${one}`, `do not answer ${many}`, `answers ${many}`];
  },
  (symptoms, peers) => {
    const { proxy, halfOpen } = symptoms.choices;
    const old = `${verb(peers, 'the address is', 'the addresses are')} old`;
    if (proxy !== null)
      return `the proxy may be stuck, or ${old}: give --proxy another one, ${waitOrOthers(symptoms)}`;
    const router =
      peers >= MANY_PEERS && halfOpen === null ? 'dial fewer at one time with --half-open 50, ' : '';
    return `a firewall may block us, or ${old}: ${router}go another way with --proxy URL, ${waitOrOthers(symptoms)}`;
  },
);

export const allRefuse = most(
  UNREACHED,
  ['refused'],
  () => [
    'refuses the connection: no program listens at its port',
    'refuse the connection: no program listens at their ports',
  ],
  (symptoms, peers) =>
    `${verb(peers, 'the address is old, or its client is', 'the addresses are old, or their clients are')} off: ${otherSources(symptoms)}`,
);

export const allUnreachable = most(
  UNREACHED,
  ['unreachable', 'no-family'],
  () => ['is on a host that this machine cannot reach', 'are on hosts that this machine cannot reach'],
  (symptoms) => `check the routes of this machine (\`ip route\`), or ${otherSources(symptoms)}`,
);

const DOINGS: readonly (readonly [fates: readonly Fate[], ...Doing])[] = [
  [['unchoked'], 'sends no data', 'send no data'],
  [['choked'], 'chokes us', 'choke us'],
  [['left'], 'left after the handshake', 'left after the handshake'],
  [['banned'], 'sent bad data', 'sent bad data'],
  [['rude'], 'broke the rules', 'broke the rules'],
  [['hung-up', 'no-encryption', 'mute'], 'sent no handshake', 'sent no handshake'],
  [['other-torrent', 'other-protocol'], 'serves something else', 'serve something else'],
  [['ourselves'], 'is this client itself', 'are this client itself'],
  [['refused'], 'refuses', 'refuse'],
  [['silent'], 'does not answer', 'do not answer'],
  [
    ['unreachable', 'no-family', 'proxy-down', 'proxy-denies', 'proxy-cannot'],
    'cannot be reached',
    'cannot be reached',
  ],
];

/** No single cause: what each of them does. */
export const peersDiffer: Rule = (symptoms) => {
  if (furthest(symptoms) === null) return null;
  const parts = DOINGS.map(([fates, one, many]) => ({ peers: count(symptoms, fates), one, many }))
    .filter(({ peers }) => peers > 0)
    .map(({ peers, one, many }) => `${peers} ${verb(peers, one, many)}`);
  return { text: `no peer gives data: ${parts.join(', ')}`, advice: waitOrOthers(symptoms) };
};

/** The furthest stage that a peer has reached; null if none was tried. */
function furthest(symptoms: Symptoms): readonly Fate[] | null {
  return STAGES.find((stage) => count(symptoms, stage) > 0) ?? null;
}
