/**
 * Magnet links (BEP 9, with `x.pe` and `ws`; BEP 53 `so`). Node's own URLSearchParams reads the query; every field is checked
 * before it is believed, as with a torrent file.
 */

import type { HostPort } from '../../shared/compact-peers.ts';
import { MAX_SELECTED_INDEX, MAX_TRACKERS } from '../../shared/limits.ts';
import { parsePeer } from '../discovery/named-peers.ts';
import { Failure } from '../failure.ts';

export interface Magnet {
  readonly infoHash: Uint8Array;
  /** What the link calls the torrent; the metadata may say otherwise. */
  readonly name: string | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly HostPort[];
  /** BEP 53: indices of files, or ranges of them, as `--select` takes them. */
  readonly select: readonly string[];
}

/** Reads a magnet link. Throws a `bad-torrent` failure that says what is wrong. */
export function parseMagnet(link: string): Magnet {
  const query = new URLSearchParams(link.slice(link.indexOf('?') + 1));
  const topics = query.getAll('xt');
  const hash = topics.map(infoHashOf).find((found) => found !== null);
  if (hash === undefined) {
    if (topics.some((topic) => topic.startsWith('urn:btmh:')))
      throw wrong('it names a version 2 torrent only (BEP 52), which unchoke cannot read yet');
    throw wrong('it has no "xt=urn:btih:" with 40 hexadecimal or 32 base32 characters');
  }
  return {
    infoHash: hash,
    name: query.get('dn'),
    trackers: [...new Set(query.getAll('tr').filter((url) => url !== ''))].slice(0, MAX_TRACKERS),
    webSeeds: [...new Set([...query.getAll('ws'), ...query.getAll('as')])].slice(0, MAX_TRACKERS),
    peers: query.getAll('x.pe').map((peer) => peerOf(peer)),
    select: query.getAll('so').flatMap((list) =>
      list
        .split(',')
        .filter((part) => part !== '')
        .map(rangeOf),
    ),
  };
}

/** 40 hexadecimal characters: an info hash by itself. */
export function bareInfoHash(text: string): Uint8Array | null {
  return /^[0-9a-fA-F]{40}$/.test(text) ? Buffer.from(text, 'hex') : null;
}

function infoHashOf(topic: string): Uint8Array | null {
  const match = /^urn:btih:([0-9a-zA-Z]+)$/.exec(topic);
  const text = match?.[1] ?? '';
  return bareInfoHash(text) ?? base32(text);
}

/** RFC 4648 base32 of 20 bytes, which is 32 characters without padding. */
function base32(text: string): Uint8Array | null {
  if (!/^[A-Z2-7]{32}$/i.test(text)) return null;
  const bytes = Buffer.alloc(20);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of text.toUpperCase()) {
    const digit = character >= 'A' ? character.charCodeAt(0) - 65 : character.charCodeAt(0) - 24;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (value >>> bits) & 0xff;
  }
  return bytes;
}

function peerOf(text: string): HostPort {
  try {
    return parsePeer(text, 'x.pe');
  } catch {
    throw wrong(`its peer ${JSON.stringify(text)} is not HOST:PORT`);
  }
}

function rangeOf(part: string): string {
  const match = /^(\d+)(?:-(\d+))?$/.exec(part);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last > MAX_SELECTED_INDEX || Number(match[1]) > last)
    throw wrong(`"so" does not take ${JSON.stringify(part)}`);
  return part;
}

function wrong(what: string): Failure {
  return new Failure('bad-torrent', `not a usable magnet link: ${what}`);
}
