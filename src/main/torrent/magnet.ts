/**
 * Magnet links (BEP 9, with `x.pe` and `ws`; BEP 53 `so`). Node's URLSearchParams parses the query. Many programs write links,
 * and people copy them by hand, so every valid part is used, and the rest is reported and skipped.
 */

import type { HostPort } from '../../shared/compact-peers.ts';
import {
  MAX_MAGNET_PEERS,
  MAX_MAGNET_RANGES,
  MAX_SELECTED_INDEX,
  MAX_TRACKERS,
  MAX_URL_CHARS,
} from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { parseHostPort } from '../network/host-port.ts';
import { printable, typedUrl } from '../text/foreign-text.ts';
import { type InfoHashes, version1Hash, version2Multihash } from './info-hash.ts';
import { hashMistake } from './source-mistakes.ts';

/** Skipped parts are cut to this length when they are shown. */
const NAMED_OF_A_KEY = 3;
const SHOWN_CHARS = 60;
const BTIH = /^urn:btih:/i;
const BTMH = /^urn:btmh:/i;

export interface Magnet {
  /** A hybrid may have both (BEP 52). */
  readonly hashes: InfoHashes;
  /** The name in the link; the metadata may have another one. */
  readonly name: string | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  /** Peers in the link. A stranger wrote it, so they are trusted no more than those of a tracker. */
  readonly peers: readonly HostPort[];
  /** BEP 53: indices or ranges of files, in the form of `--select`. */
  readonly select: readonly string[];
  /** Parts of the link that cannot be used, safe to show. */
  readonly passedOver: readonly string[];
}

/** Parses a magnet link. Throws a `bad-torrent` failure that says what is wrong. */
export function parseMagnet(link: string): Magnet {
  const fields = fieldsOf(link);
  const all = (key: string): readonly string[] => fields.get(key) ?? [];
  const topics = all('xt');
  const hashes = { v1: firstOf(topics, hash1Of), v2: firstOf(topics, hash2Of) };
  if (hashes.v1 === null && hashes.v2 === null) throw wrong(mistakeOf(topics));
  const trackers = readable(all('tr'), MAX_TRACKERS, urlOf);
  const webSeeds = readable([...all('ws'), ...all('as')], MAX_TRACKERS, urlOf);
  const peers = readable(all('x.pe'), MAX_MAGNET_PEERS, parseHostPort);
  const parts = all('so').flatMap((list) => list.split(',').map((part) => part.trim()));
  const select = readable(
    parts.filter((part) => part !== ''),
    MAX_MAGNET_RANGES,
    rangeOf,
  );
  const otherTopics = topics.filter(
    (topic) => !isSame(hash1Of(topic), hashes.v1) && !isSame(hash2Of(topic), hashes.v2),
  );
  return {
    hashes,
    name: all('dn')[0] ?? null,
    trackers: trackers.values,
    webSeeds: webSeeds.values,
    peers: peers.values,
    select: select.values,
    passedOver: [
      ...said('xt', otherTopics, shown),
      ...said('tr', trackers.rest, typedUrl),
      ...said('ws', webSeeds.rest, typedUrl),
      ...said('x.pe', peers.rest, shown),
      ...said('so', select.rest, shown),
    ],
  };
}

function mistakeOf(topics: readonly string[]): string {
  if (topics.some((topic) => BTMH.test(topic)))
    return 'its "xt=urn:btmh:" has not 1220 and then 64 hexadecimal characters, a SHA-256 (BEP 52)';
  const mistake = firstOf(topics, (topic) => hashMistake(topic.replace(BTIH, '')));
  return (
    mistake ??
    'it has no "xt=urn:btih:" with 40 hexadecimal or 32 base32 characters; a link looks like magnet:?xt=urn:btih:HASH'
  );
}

function firstOf<Value>(topics: readonly string[], of: (topic: string) => Value | null): Value | null {
  return topics.map(of).find((value) => value !== null) ?? null;
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one !== null && other !== null && Buffer.compare(one, other) === 0;
}

/** The valid values, each once and up to a limit, and the remaining ones. */
function readable<Value>(
  texts: readonly string[],
  most: number,
  of: (text: string) => Value | null,
): { readonly values: readonly Value[]; readonly rest: readonly string[] } {
  const values: Value[] = [];
  const rest: string[] = [];
  for (const text of new Set(texts)) {
    const value = values.length < most ? of(text) : null;
    if (value === null) rest.push(text);
    else values.push(value);
  }
  return { values, rest };
}

/** The first skipped parts, and the number of others. */
function said(key: string, rest: readonly string[], show: (text: string) => string): string[] {
  const named = rest.slice(0, NAMED_OF_A_KEY).map((text) => `${key}=${show(text)}`);
  const more = rest.length - named.length;
  return more > 0 ? [...named, `${more} more of ${key}`] : named;
}

/**
 * Values by key, without empty ones. Keys may be in any case, may have a number after them (`tr.1`), and may begin with the
 * `amp;` of a link copied from the source of a web page.
 */
function fieldsOf(link: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (const [written, value] of new URLSearchParams(link.replace(/^magnet:\/{0,2}\??/i, ''))) {
    const key = written
      .trim()
      .toLowerCase()
      .replace(/^amp;/, '')
      .replace(/\.\d{1,9}$/, '');
    const text = value.trim();
    if (text === '') continue;
    const values = fields.get(key);
    if (values === undefined) fields.set(key, [text]);
    else values.push(text);
  }
  return fields;
}

const hash1Of = (topic: string): Uint8Array | null => version1Hash(topic.replace(BTIH, ''));

function hash2Of(topic: string): Uint8Array | null {
  return BTMH.test(topic) ? version2Multihash(topic.replace(BTMH, '')) : null;
}

function urlOf(text: string): string | null {
  return text.length <= MAX_URL_CHARS && URL.canParse(text) ? text : null;
}

function rangeOf(part: string): string | null {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
  if (match === null) return null;
  const last = Number(match[2] ?? match[1]);
  return last <= MAX_SELECTED_INDEX && Number(match[1]) <= last ? part : null;
}

function shown(text: string): string {
  return printable(text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text);
}

function wrong(what: string): Failure {
  return new Failure('bad-torrent', `not a usable magnet link: ${what}`);
}
