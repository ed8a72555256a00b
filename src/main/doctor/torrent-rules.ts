/** Causes in what the connected peers have: nobody has the metadata, or the missing pieces. */
import type { Finding, Rule } from './rule.ts';
import { waitOrOthers } from './rule.ts';
import type { Symptoms } from './symptoms.ts';
import { verb } from './words.ts';

const OF_LINK = 'the metadata of this magnet link';

export const noMetadata: Rule = (symptoms) => {
  const { metadataSearch: search, inSession } = symptoms;
  if (search === null || search.pieceHashes !== null || inSession === 0) return null;
  if (search.offers > 0 || search.left > 0 || search.wrong > 0) return null;
  return {
    text: noneOf(inSession, `does not have ${OF_LINK}`, `has ${OF_LINK}`),
    advice: orFile(symptoms),
  };
};

export const metadataWithheld: Rule = (symptoms) => {
  const { metadataSearch: search } = symptoms;
  if (search === null || search.pieceHashes !== null) return null;
  const { offers, refusing, silent, wrong } = search;
  if (offers === 0 || wrong > 0 || refusing + silent < offers) return null;
  const advice = orFile(symptoms);
  if (offers === 1)
    return {
      text: `the only peer that has ${OF_LINK} ${refusing === 1 ? 'refuses to send it' : 'does not send it'}`,
      advice,
    };
  return {
    text: `${offers} peers have ${OF_LINK}, but none sends it: ${refusing} ${verb(refusing, 'refuses', 'refuse')}, ${silent} ${verb(silent, 'does', 'do')} not answer`,
    advice,
  };
};

export const metadataWrong: Rule = (symptoms) => {
  const { metadataSearch: search } = symptoms;
  if (search === null || search.pieceHashes !== null) return null;
  const { offers, refusing, silent, wrong } = search;
  if (wrong === 0 || refusing + silent + wrong < offers) return null;
  return {
    text: `${verb(wrong, 'a peer', `${wrong} peers`)} sent wrong metadata for this magnet link: it failed the hash check`,
    advice: orFile(symptoms),
  };
};

export const metadataLeft: Rule = (symptoms) => {
  const { metadataSearch: search } = symptoms;
  if (
    search === null ||
    search.pieceHashes !== null ||
    search.left === 0 ||
    search.offers > 0 ||
    search.wrong > 0
  )
    return null;
  return {
    text: `${verb(search.left, 'the only peer that has', `${search.left} peers have`)} ${OF_LINK}${verb(search.left, '', ', but')} ${verb(search.left, 'left', 'they left')} without sending it`,
    advice: orFile(symptoms),
  };
};

/** The metadata has come, and its piece layers (BEP 52) have not. */
export const noPieceHashes: Rule = (symptoms) => {
  const { metadataSearch: search, inSession } = symptoms;
  const known = search?.pieceHashes?.peers ?? null;
  if (known === null || inSession === 0) return null;
  const what = 'the hashes of the pieces of this version 2 torrent';
  return {
    text:
      known === 0
        ? noneOf(
            inSession,
            `does not know version 2, so it cannot send ${what}`,
            `knows version 2, so none can send ${what}`,
          )
        : `${verb(known, 'the only peer that knows version 2 does', `${known} peers know version 2, but they do`)} not send ${what}`,
    advice: `use a .torrent file with "piece layers", which are these hashes; or ${waitOrOthers(symptoms)}`,
  };
};

/** Only if no missing piece can be had: otherwise it is the peer that has one that keeps us waiting. */
export const missingPieces: Rule = (symptoms) => {
  const { download, inSession, withoutPieces } = symptoms;
  if (inSession === 0) return null;
  if (download === null)
    return withoutPieces === inSession
      ? found(
          symptoms,
          noneOf(inSession, 'has no piece of this torrent yet', 'has a piece of this torrent yet'),
        )
      : null;
  const { unavailable, missing, example, hasWebSeeds } = download;
  if (unavailable === 0 || unavailable < missing || hasWebSeeds) return null;
  const [lacks, has] =
    missing === 1
      ? [`does not have piece ${example}, the only missing one`, `has piece ${example}, the only missing one`]
      : [`has none of the ${missing} missing pieces`, `has one of the ${missing} missing pieces`];
  return found(symptoms, noneOf(inSession, lacks, has));
};

function found(symptoms: Symptoms, text: string): Finding {
  return { text, advice: `no connected peer offers all pieces: ${waitOrOthers(symptoms)}` };
}

function noneOf(count: number, one: string, of: string): string {
  if (count === 1) return `the only connected peer ${one}`;
  return `${count === 2 ? 'neither connected peer' : `none of the ${count} connected peers`} ${of}`;
}

function orFile(symptoms: Symptoms): string {
  return `use a .torrent file instead of the magnet link; or ${waitOrOthers(symptoms)}`;
}
