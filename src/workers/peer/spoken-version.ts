/** Which version of the protocol a peer and we speak (BEP 52): the info hash in the handshakes says it. */
import type { Handshake } from '../wire/handshake.ts';
import { type Identity, versionOf, type WireVersion } from './identity.ts';

export class SpokenVersion {
  #now: WireVersion;

  /** `dialled`: in which we dial it. */
  constructor(dialled: WireVersion) {
    this.#now = dialled;
  }

  get now(): WireVersion {
    return this.#now;
  }

  /** Its handshake. A peer that dials us with the hash of version 1 may want version 2: then our answer has the other hash. */
  heard({ infoHash, version2 }: Handshake, identity: Identity, isIncoming: boolean): void {
    const isRaised = isIncoming && version2 && identity.infoHashV2 !== null;
    this.#now = isRaised ? 2 : (versionOf(identity, infoHash) ?? this.#now);
  }
}
