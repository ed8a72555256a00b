/** The peers of a simulated torrent, as scripts. Honest ones also give metadata (BEP 9) and name other peers (BEP 11). */
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { dice } from '../support/dice.ts';
import type { FakePeer, FakePeerScript, Verb } from '../support/fake-peer.ts';
import { personaOf } from '../support/personas.ts';
import { compact } from '../support/virtual-trackers.ts';
import { frame, handshakeOf, wire } from '../support/wire-bytes.ts';
import { rudePeer } from './rude-peers.ts';
import type { PeerPlan } from './scenario.ts';
import type { SimContent } from './sim-content.ts';
import { liesAboutHashes, treeOf } from './sim-trees.ts';
import { trader } from './traders.ts';

const PART = 16_384;
/** Our ids for the extensions. */
const METADATA_ID = 3;
const PEX_ID = 1;
const HAVES_MS = 8_000;

/** These send bad data, so they may be banned. */
const LIARS = new Set(['liar', 'metadata liar', 'sends the wrong block']);

/** The promise to complete rests on them. */
const ALWAYS_RIGHT = new Set(['seed', 'half']);

export const mayBeBanned = ({ kind, seed }: PeerPlan): boolean =>
  LIARS.has(kind) || (kind === 'leecher' && liesAboutHashes(seed));

/** `part`: for a peer with half of the pieces, which half. */
export function scriptOf(
  plan: PeerPlan,
  content: SimContent,
  told: readonly HostPort[],
  part: number,
): FakePeerScript {
  const { kind, connectMs, awayUntilMs, seed } = plan;
  const pieces = content.metainfo.geometry.pieceCount;
  const away = awayUntilMs > 0 ? { away: { untilMs: awayUntilMs, fail: 'refused' } as const } : {};
  const connect = { connect: connectMs, ...away };
  switch (kind) {
    case 'seed':
      return { ...extended(plan, content, told, [[0, { say: wire.haveAll }]]), ...connect };
    case 'half': {
      const bits = Array.from({ length: pieces }, (_, piece) => (piece % 2 === part % 2 ? '1' : '0'));
      return { ...extended(plan, content, told, [[0, { say: wire.bitfield(bits.join('')) }]]), ...connect };
    }
    case 'leecher': {
      const roll = dice(seed);
      const haves = Array.from({ length: pieces }, (_, piece): readonly [number, Verb] => [
        roll(HAVES_MS),
        { say: wire.have(piece) },
      ]);
      return {
        ...extended(plan, content, told, [[0, { say: wire.haveNone }], ...haves]),
        ...connect,
      };
    }
    case 'trader':
      return { ...trader(plan, content), ...connect };
    case 'metadata liar':
      return {
        ...extended(plan, content, told, [[0, { say: wire.haveAll }]], (bytes) => bytes.map((b) => b ^ 1)),
        ...connect,
      };
    default: {
      const script =
        rudePeer(kind, dice(seed), pieces, content) ?? personaOf(kind, dice(seed), pieces, content).script;
      return script.connect === undefined ? { ...script, ...connect } : script;
    }
  }
}

function extended(
  { bytesPerS, unchokeMs, seed, kind }: PeerPlan,
  content: SimContent,
  told: readonly HostPort[],
  has: readonly (readonly [number, Verb])[],
  lie: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): FakePeerScript {
  const { info, version2 } = content.metainfo;
  // In a hybrid, half of them know version 2.
  const infoHash = version2 !== null && seed % 2 === 0 ? version2.infoHash.subarray(0, 20) : content.infoHash;
  const greeting = `d1:md11:ut_metadatai${METADATA_ID}e6:ut_pexi${PEX_ID}ee13:metadata_sizei${info.length}ee`;
  return {
    script: [
      [0, { say: handshakeOf(infoHash, '-XX0001-good', ['fast', 'ext']) }],
      ...has.slice(0, 1),
      [0, { say: wire.extended(0, greeting) }],
      ...has.slice(1),
      [unchokeMs, { say: wire.unchoke }],
    ],
    serves: content.bytes,
    bytesPerS,
    hears: hearsExtended(info, told, lie, treeOf(content, ALWAYS_RIGHT.has(kind) ? 0 : seed)),
  };
}

function hearsExtended(
  info: Uint8Array,
  told: readonly HostPort[],
  lie: (bytes: Uint8Array) => Uint8Array,
  tree: (request: Buffer) => Buffer | null,
): NonNullable<FakePeerScript['hears']> {
  let metadataId = 0;
  return (peer: FakePeer, id, payload) => {
    const answer = id === 21 ? tree(payload) : null;
    if (answer !== null) peer.sayLater(15, answer);
    if (id === 21) return true;
    if (id !== 20) return false;
    const text = payload.subarray(1).toString('latin1');
    if (payload[0] === 0) {
      metadataId = Number(/11:ut_metadatai(\d+)e/.exec(text)?.[1] ?? metadataId);
      const pexId = Number(/6:ut_pexi(\d+)e/.exec(text)?.[1] ?? 0);
      if (pexId > 0 && told.length > 0) {
        const list = compact(told).toString('latin1');
        peer.sayLater(20, wire.extended(pexId, `d5:added${list.length}:${list}e`));
      }
    } else if (payload[0] === METADATA_ID && text.includes('8:msg_typei0e') && metadataId > 0) {
      const index = Number(/5:piecei(\d+)e/.exec(text)?.[1] ?? 0);
      const part = lie(info.subarray(index * PART, (index + 1) * PART));
      const head = `d8:msg_typei1e5:piecei${index}e10:total_sizei${info.length}ee`;
      peer.sayLater(10, frame(20, Buffer.from([metadataId]), Buffer.from(head), part));
    }
    return true;
  };
}
