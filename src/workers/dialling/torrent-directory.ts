/** Finds the torrents of a shard by an incoming handshake: by the info hash, or by its hash in the encryption handshake. */
import type { TorrentNames } from '../../shared/torrent-names.ts';
import { requestHashOf } from '../transport/encryption/mse-handshake.ts';

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export class TorrentDirectory<Torrent extends { readonly names: TorrentNames }> {
  readonly #torrents = new Set<Torrent>();
  /** Two runs may have one torrent for a while; the newest one, which is the last, gets the peers. */
  readonly #byInfoHash = new Map<string, Set<Torrent>>();
  readonly #byRequestHash = new Map<string, Uint8Array>();

  /** Again if it has got another info hash. */
  add(torrent: Torrent): void {
    this.#torrents.add(torrent);
    for (const infoHash of hashesOf(torrent.names)) {
      const key = keyOf(infoHash);
      this.#byInfoHash.set(key, (this.#byInfoHash.get(key) ?? new Set<Torrent>()).add(torrent));
      this.#byRequestHash.set(keyOf(requestHashOf(infoHash)), infoHash);
    }
  }

  delete(torrent: Torrent): void {
    this.#torrents.delete(torrent);
    for (const infoHash of hashesOf(torrent.names)) {
      const key = keyOf(infoHash);
      const others = this.#byInfoHash.get(key);
      others?.delete(torrent);
      if (others !== undefined && others.size > 0) continue;
      this.#byInfoHash.delete(key);
      this.#byRequestHash.delete(keyOf(requestHashOf(infoHash)));
    }
  }

  byInfoHash(infoHash: Uint8Array): Torrent | null {
    return [...(this.#byInfoHash.get(keyOf(infoHash)) ?? [])].at(-1) ?? null;
  }

  /** The info hash that the encryption handshake means. */
  hashOfRequest(hash: Uint8Array): Uint8Array | null {
    return this.#byRequestHash.get(keyOf(hash)) ?? null;
  }

  values(): Iterable<Torrent> {
    return this.#torrents;
  }
}

function hashesOf({ infoHash, infoHashV2 }: TorrentNames): Uint8Array[] {
  return infoHashV2 === null ? [infoHash] : [infoHash, infoHashV2];
}
