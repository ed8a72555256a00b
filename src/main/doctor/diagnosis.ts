/**
 * Why a run makes no progress: a pure function from figures to sentences. Of the causes outside this machine one is told, the one
 * that hides the others: behind a dead proxy nothing can be said of trackers, and without trackers nothing of peers. Causes in this
 * machine are told beside it. docs/doctor.md is the table of all.
 */
import { checkingDisk, descriptors, diskSlow, eventLoop, uploadLimit } from './machine-rules.ts';
import {
  interfaceGone,
  noFamily,
  offline,
  proxyCannot,
  proxyCarriesNoPeers,
  proxyDenies,
  proxyDown,
} from './network-rules.ts';
import {
  allBanned,
  allChoke,
  allHangUp,
  allLeave,
  allMute,
  allRefuse,
  allRude,
  allSilent,
  allTimeOut,
  allUnreachable,
  noEncryption,
  notBittorrent,
  onlyOurselves,
  peersDiffer,
  wrongTorrent,
} from './peer-rules.ts';
import type { Rule } from './rule.ts';
import {
  allBlocked,
  clock,
  dhtFailed,
  dns,
  noAnswerYet,
  noSource,
  proxyNoUdp,
  trackersEmpty,
  trackersFailed,
  trackersRefuse,
} from './source-rules.ts';
import type { Symptoms } from './symptoms.ts';
import {
  metadataLeft,
  metadataWithheld,
  metadataWrong,
  missingPieces,
  noMetadata,
  noPieceHashes,
} from './torrent-rules.ts';

/** In this order, and the first counts. */
const OUTSIDE = {
  'interface-gone': interfaceGone,
  offline,
  'proxy-down': proxyDown,
  'proxy-denies': proxyDenies,
  'proxy-cannot': proxyCannot,
  'proxy-no-peers': proxyCarriesNoPeers,
  'no-family': noFamily,
  'all-blocked': allBlocked,
  'no-source': noSource,
  'proxy-no-udp': proxyNoUdp,
  dns,
  clock,
  'trackers-refuse': trackersRefuse,
  'trackers-failed': trackersFailed,
  'dht-failed': dhtFailed,
  'trackers-empty': trackersEmpty,
  'no-answer-yet': noAnswerYet,
  'no-metadata': noMetadata,
  'metadata-withheld': metadataWithheld,
  'metadata-wrong': metadataWrong,
  'metadata-left': metadataLeft,
  'no-piece-hashes': noPieceHashes,
  'missing-pieces': missingPieces,
  'all-choke': allChoke,
  'all-silent': allSilent,
  'all-leave': allLeave,
  'all-banned': allBanned,
  'all-rude': allRude,
  'all-hang-up': allHangUp,
  'no-encryption': noEncryption,
  'all-mute': allMute,
  'wrong-torrent': wrongTorrent,
  'not-bittorrent': notBittorrent,
  'only-ourselves': onlyOurselves,
  'all-time-out': allTimeOut,
  'all-refuse': allRefuse,
  'all-unreachable': allUnreachable,
  'peers-differ': peersDiffer,
} as const satisfies Record<string, Rule>;

/** Told beside the others. */
const OURS = { descriptors, 'event-loop': eventLoop } as const satisfies Record<string, Rule>;

/** What we hold back ourselves, so peers are not to blame. In this order, and the first counts. */
const HELD_BACK = {
  'checking-disk': checkingDisk,
  'disk-slow': diskSlow,
  'upload-limit': uploadLimit,
} as const satisfies Record<string, Rule>;

export type DiagnosisCode = keyof typeof OUTSIDE | keyof typeof HELD_BACK | keyof typeof OURS;
export const DIAGNOSES = [
  ...Object.keys(OUTSIDE),
  ...Object.keys(HELD_BACK),
  ...Object.keys(OURS),
] as readonly DiagnosisCode[];

export interface Diagnosis {
  readonly code: DiagnosisCode;
  /** The cause, with its figures. */
  readonly text: string;
  /** What the user can try. */
  readonly advice: string;
}

/** The likeliest cause first; empty if nothing is wrong. */
export function diagnose(symptoms: Symptoms): Diagnosis[] {
  const heldBack = all(HELD_BACK, symptoms).slice(0, 1);
  const outside = isSlow(symptoms) ? null : firstOf(OUTSIDE, symptoms);
  const first = heldBack.length > 0 || outside === null ? heldBack : [outside];
  return [...first, ...all(OURS, symptoms)];
}

/**
 * Data has arrived just now, and somebody is left who may send more. A look without a download ends with the first block:
 * its sender is there, also if the counts of the shards are a moment older.
 */
function isSlow({ dataArrives, fates, download }: Symptoms): boolean {
  if (!dataArrives || download === null) return dataArrives;
  return fates.choked + fates.unchoked > 0 || download.hasWebSeeds;
}

/** The lines for the user. */
export function diagnosisLines({ text, advice }: Diagnosis): string[] {
  return [`why: ${text}`, `     ${advice}`];
}

function firstOf(rules: typeof OUTSIDE, symptoms: Symptoms): Diagnosis | null {
  // Peers that may yet send the metadata keep us waiting, whatever else they do.
  const { metadataSearch: search } = symptoms;
  const isAwaited = symptoms.inSession > 0 && (search?.offers ?? 0) > 0 && search?.pieceHashes === null;
  for (const code of Object.keys(rules) as (keyof typeof OUTSIDE)[]) {
    if (isAwaited && code === 'missing-pieces') return null;
    const found = rules[code](symptoms);
    if (found !== null) return { code, ...found };
  }
  return null;
}

function all<Code extends DiagnosisCode>(
  rules: Readonly<Record<Code, Rule>>,
  symptoms: Symptoms,
): Diagnosis[] {
  return (Object.keys(rules) as Code[]).flatMap((code) => {
    const found = rules[code](symptoms);
    return found === null ? [] : [{ code, ...found }];
  });
}
